"""Where the suite makes its throw-away databases: a folder for SQLite, a server for PostgreSQL.

Nothing of a real system is touched: every database is made here, under a name of its own, and dropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from talatat.db.engine import parse_url
from talatat.errors import TalatatError, said_by
from talatat.testing import servers

KINDS = ("sqlite", "postgresql")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Place(Protocol):
    """One database system to make databases on. `kind` is "sqlite" or "postgresql"."""

    kind: str

    def database(self) -> str:
        """Make an empty database; its URL."""

    def drop(self, url: str) -> None:
        """Take a database away."""


class SQLitePlace:
    """Files in a folder."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def database(self) -> str:
        return f"sqlite:///{self.folder}/{uuid4().hex[:12]}.sqlite"

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[2]
        for file in self.folder.glob(f"{name}*"):
            file.unlink()


class OwnServer:
    """The throw-away PostgreSQL of this process."""

    kind = "postgresql"

    def __init__(self) -> None:
        self._server = servers.postgresql()

    def database(self) -> str:
        return self._server.create_database()

    def drop(self, url: str) -> None:
        self._server.drop_database(url)


class GivenServer:
    """A PostgreSQL server that somebody names: its role has to be allowed to make databases."""

    kind = "postgresql"

    def __init__(self, url: URL) -> None:
        self.url = url
        self._run("SELECT 1")

    def database(self) -> str:
        name = f"talatat_check_{uuid4().hex[:12]}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{parse_url(url).database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        except SQLAlchemyError as error:
            said = said_by(error)
            raise TalatatError(
                f"--url {self.url.render_as_string(hide_password=True)}: no database can be made there: "
                f"{said}. Name a server and a role with CREATEDB, or leave --url out."
            ) from error
        finally:
            engine.dispose()


def places(
    folder: Path, url: str | None = None, kinds: tuple[str, ...] = KINDS
) -> tuple[list[Place], dict[str, str]]:
    """Return where databases can be made, and why not elsewhere, by the name of the kind.

    `url` names a PostgreSQL server; without it one is started from the programs on this machine, where
    there are any. Raises TalatatError for a URL that cannot be used.
    """
    found: list[Place] = [SQLitePlace(folder)] if "sqlite" in kinds else []
    if "postgresql" not in kinds:
        return found, {}
    if url is not None:
        parsed = parse_url(url)
        if parsed.get_backend_name() != "postgresql":
            raise TalatatError(
                f"--url {url}: that is SQLite, which is asked in any case. Name a PostgreSQL server: "
                f"postgresql://user@host/postgres."
            )
        return [*found, GivenServer(parsed)], {}
    try:
        servers.find_postgresql(install=False)
        return [*found, OwnServer()], {}
    except servers.Unavailable as reason:
        return found, {"PostgreSQL": f"{reason}; name a server with --url"}
