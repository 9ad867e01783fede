"""Throw-away databases, in which revisions are run to see what they do.

SQLite: a temporary file. PostgreSQL: a database of its own with a new name, on the server of
`talatat.shadow_url` or, without that setting, on the server of the system's own database. It is dropped
when the block ends; one that a killed process left behind is dropped by the next.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from talatat.db.engine import make_migration_engine, parse_url
from talatat.errors import TalatatError, said_by
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import Schema
from talatat.evolution.live.spelling import squeezed
from talatat.evolution.quoting import literal, quoted
from talatat.evolution.tables import version_table

PREFIX = "talatat_shadow_"
INSUFFICIENT_PRIVILEGE = "42501"
KEY = int.from_bytes(b"shad", "big")
# The advisory lock of the process that uses a shadow: while it lives, nobody else drops it.
_LOCK = text("SELECT pg_advisory_lock(:key, hashtext(:name))")
_LEFT = text(
    "SELECT d.datname FROM pg_database d WHERE starts_with(d.datname::text, :prefix) AND NOT EXISTS"
    " (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = :key"
    "  AND l.objid::bigint = hashtext(d.datname::text)::bigint & 4294967295)"
    " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)"
)
_LOCALE = text(
    "SELECT to_jsonb(d) || jsonb_build_object('charset', pg_encoding_to_char(d.encoding))"
    " FROM pg_database d WHERE d.datname = current_database()"
)


@contextmanager
def shadow(
    dialect: str,
    url: URL | str,
    shadow_url: URL | str | None = None,
    like: Schema | None = None,
    heads: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Engine]:
    """Yield the engine of an empty database, or of one with the schema of `like`.

    `url` is the system's own database, which is not written to. `heads` are written into the version
    tables: {addon: [revisions]}. On SQLite foreign keys are off, as for every migration. Raises
    EvolutionError when no database can be made.
    """
    if dialect == "sqlite":
        with _sqlite() as engine:
            fill(engine, like, heads)
            yield engine
        return
    own = parse_url(_text(url))
    path = _search_path(own) if like is None else like.search_path
    with _postgresql(own if shadow_url is None else _server(shadow_url), path) as engine:
        fill(engine, like, heads)
        yield engine


def fill(
    engine: Engine, like: Schema | None, heads: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Make the schema of `like`, and the rows of version tables, in an empty database.

    Raises EvolutionError, naming the statement, where the server refuses one.
    """
    if like is not None:
        _make(engine, like.statements())
    with engine.begin() as connection:
        for addon, revisions in sorted((heads or {}).items()):
            _write_heads(connection, addon, revisions, like)


def _make(engine: Engine, statements: Sequence[str]) -> None:
    if engine.dialect.name == "postgresql":
        # All at once, which spares a round trip for each; one by one to find what is refused.
        with suppress(DBAPIError), engine.begin() as connection:
            _send(connection, ";\n".join(statements))
            return
    with engine.begin() as connection:
        for statement in statements:
            try:
                _send(connection, statement)
            except DBAPIError as error:
                said = said_by(error)
                raise EvolutionError(
                    f"the live schema cannot be made again in a throw-away database: {said} "
                    f"(statement: {squeezed(statement)}). What it names must be there too: let "
                    f"talatat.shadow_url name a server like the live one, or move what refers outside "
                    f"of the search path."
                ) from None


def _send(connection: Connection, statement: str) -> None:
    """Without parameters a percent sign is one."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _write_heads(
    connection: Connection, addon: str, revisions: Sequence[str], like: Schema | None
) -> None:
    name = version_table(addon)
    table = connection.dialect.identifier_preparer.quote(name)
    if like is None or name not in like.tables:
        connection.execute(
            text(f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
    for revision in revisions:
        # The name is quoted; it cannot be a parameter.
        insert = text(f"INSERT INTO {table} (version_num) VALUES (:revision)")  # noqa: S608
        connection.execute(insert, {"revision": revision})


@contextmanager
def _sqlite() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="talatat-shadow-") as folder:
        engine = make_migration_engine(parse_url(f"sqlite:///{Path(folder, 'shadow.sqlite')}"))
        # Nobody misses it after a crash.
        event.listen(engine, "connect", _careless)
        try:
            yield engine
        finally:
            engine.dispose()


def _careless(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def _search_path(own: URL) -> Sequence[str]:
    engine = make_migration_engine(own)
    try:
        with engine.connect() as connection:
            return connection.scalars(text("SELECT unnest(current_schemas(false))::text")).all()
    finally:
        engine.dispose()


@contextmanager
def _postgresql(server: URL, path: Sequence[str]) -> Iterator[Engine]:
    admin = make_migration_engine(server)
    name = f"{PREFIX}{secrets.token_hex(8)}"
    try:
        with _connected(admin) as connection:
            _drop_leftovers(connection)
            connection.execute(_LOCK, {"key": KEY, "name": name})
            _create(connection, name, server)
            engine = make_migration_engine(server.set(database=name))
            try:
                _settle(connection, name, path)
                _make_schemas(engine, [one for one in path if one != "public"])
                yield engine
            finally:
                engine.dispose()
                drop_database(connection, name)
    finally:
        admin.dispose()


def _connected(admin: Engine) -> Connection:
    try:
        return admin.connect().execution_options(isolation_level="AUTOCOMMIT")
    except OperationalError as error:
        said = said_by(error)
        raise EvolutionError(
            f"the server {admin.url.render_as_string(hide_password=True)}, on which a plan tries "
            f"revisions, cannot be reached: {said}. Start it, or correct talatat.shadow_url "
            f"(sqlalchemy.url where it is not set)."
        ) from None


def _settle(connection: Connection, name: str, path: Sequence[str]) -> None:
    """Let the shadow search where the system's own database does, and not wait for disks."""
    connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    if path:
        quote = connection.dialect.identifier_preparer.quote_identifier
        said = ", ".join(quote(one) for one in path)
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET search_path = {said}")


def _make_schemas(engine: Engine, path: Sequence[str]) -> None:
    quote = engine.dialect.identifier_preparer.quote_identifier
    with engine.begin() as connection:
        for one in path:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quote(one)}")


def _create(connection: Connection, name: str, server: URL) -> None:
    row: dict[str, Any] = connection.execute(_LOCALE).scalar_one()
    try:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0{_locale(row)}")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise EvolutionError(
            f"a plan needs a database to try revisions in, and {server.username or 'the role'} may not "
            f"make one on {server.host or 'the server'}. {let_it(server)}"
        ) from None


def let_it(server: URL) -> str:
    """What whoever owns the server can do for a role that may make no databases."""
    role = quoted(server.username) if server.username else "..."
    return f"Let it (ALTER ROLE {role} CREATEDB), or name a server on which it may in talatat.shadow_url."


def _locale(row: Mapping[str, Any]) -> str:
    """How texts are compared there: expressions and indexes may depend on it."""
    said = f" ENCODING {literal(row['charset'])}"
    said += f" LC_COLLATE {literal(row['datcollate'])} LC_CTYPE {literal(row['datctype'])}"
    icu = row.get("datlocale") or row.get("daticulocale")
    if row.get("datlocprovider") == "i" and icu:
        said += f" LOCALE_PROVIDER icu ICU_LOCALE {literal(icu)}"
    elif row.get("datlocprovider") == "b" and icu:
        said += f" LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(icu)}"
    return said


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database of ours, and end whoever is still connected to it.

    No plain role may end the autovacuum: a DROP without FORCE asks it to leave, and waits.
    """
    try:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")


def _drop_leftovers(connection: Connection) -> None:
    """Drop what processes that were killed left behind; those of other roles are not ours to drop."""
    left = connection.execute(_LEFT, {"prefix": PREFIX, "key": KEY}).scalars().all()
    for name in left:
        with suppress(DBAPIError):
            drop_database(connection, name)


def _text(url: URL | str) -> str:
    return url if isinstance(url, str) else url.render_as_string(hide_password=False)


def _server(shadow_url: URL | str) -> URL:
    """The URL of the server for shadows. Raises EvolutionError where it is none of PostgreSQL."""
    try:
        url = parse_url(_text(shadow_url))
        if url.get_backend_name() != "postgresql":
            raise TalatatError(f"it is of {url.get_backend_name()}")
    except TalatatError as error:
        said = str(error).replace("sqlalchemy.url", "it")
        raise EvolutionError(
            f"talatat.shadow_url names no PostgreSQL server: {said} Write "
            f"talatat.shadow_url = postgresql://user@host/postgres."
        ) from None
    return url
