"""Opening the database that an .ini names, with the platform's settings alone.

No addon is resolved, imported or even looked for: what uses this works when every addon is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from talatat.db.engine import DEFERRED
from talatat.db.retry import is_damaged, is_unreachable
from talatat.db.session import Database
from talatat.errors import CompositionError, TalatatError, said_by
from talatat.evolution.graph import EvolutionError
from talatat.ini import Ini, read_ini
from talatat.settings import Settings
from talatat.settings.secrets import in_memory


@dataclass(frozen=True)
class Opened:
    """A database, the .ini that names it, and the platform's settings in it."""

    ini: Ini
    settings: Any
    database: Database

    @property
    def dialect(self) -> str:
        """The name of the database system: "sqlite" or "postgresql"."""
        return self.database.dialect

    @property
    def shadow_url(self) -> str | None:
        """Where throw-away databases are made, if not on the same server."""
        return getattr(self.settings, "shadow_url", None)

    @property
    def target(self) -> str:
        """The database's URL without user and password: where a plan was made for."""
        return _shown(self.database.url.set(username=None, password=None, query={}))

    @property
    def exists(self) -> bool:
        """False where it is an SQLite file that nobody has made yet."""
        return self.dialect != "sqlite" or Path(self.database.url.database or "").exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that takes no write lock and writes nothing. Raises EvolutionError."""
        with self._refusals(), self.worded():
            options: dict[str, Any] = dict(DEFERRED)
            if self.dialect == "postgresql":
                options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            with self.database.migration_engine.execution_options(**options).connect() as reading:
                yield reading

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Yield the connection that changes the database. Raises EvolutionError."""
        with self.worded(), self.database.migration_engine.connect() as connection:
            yield connection

    @contextmanager
    def worded(self) -> Iterator[None]:
        """Word the errors of a database that cannot be reached for whoever can mend it."""
        try:
            yield
        except SQLAlchemyError as error:
            if not is_unreachable(error):
                raise
            raise unreachable(self.ini, self.database, error) from error

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Word what a database says that can be reached: no right to read a table, above all."""
        try:
            yield
        except SQLAlchemyError as error:
            said = " ".join(str(getattr(error, "orig", None) or error).split())
            raise EvolutionError(
                f"{self.ini.at('sqlalchemy.url')}: the database {self.target} refused to be read: {said}. "
                f"Nothing was changed. Give the user of that URL the right to it, or mend what is named, "
                f"and run the command again."
            ) from error

    def make_folder(self) -> None:
        """Make the folder of an SQLite file where it is missing. Raises TalatatError."""
        if self.dialect != "sqlite":
            return
        folder = Path(self.database.url.database or "").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TalatatError(
                f"{self.ini.at('sqlalchemy.url')}: the folder {folder} of the database "
                f"cannot be made ({error.strerror}). Make it, or correct the line."
            ) from error


def open_database(ini: str | Ini) -> Opened:
    """Open the database of an .ini. Raises CompositionError for what is wrong with the .ini."""
    read = read_ini(ini) if isinstance(ini, str) else ini
    with in_memory():  # the database is opened without the secrets of what serves
        settings = Settings(read)
    if settings.platform.url is None:
        raise CompositionError(settings.problems)
    try:
        database = Database(settings.platform)
    except TalatatError as error:
        raise CompositionError(f"{read.at('sqlalchemy.url')}: {error}") from error
    return Opened(read, settings.platform, database)


def _shown(url: URL) -> str:
    """A URL as one writes it into an .ini: without the driver, the password masked."""
    return url.render_as_string().replace("+psycopg", "", 1).replace("+pysqlite", "", 1)


def unreachable(ini: Ini, database: Database, error: Exception) -> EvolutionError:
    """Word an error of the database for the person who can mend it; others are raised again."""
    if not is_unreachable(error):
        raise error
    said = said_by(error)
    if is_damaged(error):
        return EvolutionError(
            f"{ini.at('sqlalchemy.url')}: {database.url.database} is not an SQLite database, or is damaged: "
            f"{said.rstrip('.?')}. Restore it from the backup, or name another file in the line."
        )
    if database.dialect == "sqlite":
        mend = "Make its folder and let this process write there, or correct the line"
    else:
        mend = "Start the server, make the database (createdb), or correct the line"
    return EvolutionError(
        f"{ini.at('sqlalchemy.url')}: the database {_shown(database.url)} cannot be reached: "
        f"{said.rstrip('.?')}. {mend}."
    )
