"""A copy of a database to rehearse on; the original is only read.

SQLite: its backup interface copies the file while others write. PostgreSQL: the server copies the database
as a template, which it does only where nobody else is connected (and keeps new sessions waiting
meanwhile). Where a system serves, the schema is made anew in a database of its own and all rows follow in
one snapshot: all of them, since durations and errors of a sample say little about the whole. Archives and
what was kept for the way back stay out of that copy.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, Engine, delete, text
from sqlalchemy.exc import DBAPIError

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.opening import Opened
from talatat.evolution.shadow import KEY, PREFIX, shadow
from talatat.evolution.tables import kept

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SEQUENCES = text(
    "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences"
    " WHERE last_value IS NOT NULL AND schemaname = ANY (current_schemas(false))"
)


@dataclass(frozen=True)
class Copy:
    """A copy and how it was made: a file copy, a template copy or a complete copy of schema and rows."""

    engine: Engine
    how: str
    seconds: float
    bytes: int


@contextmanager
def copy_of(opened: Opened) -> Iterator[Copy]:
    """Yield a copy of a database, thrown away when the block ends. Raises EvolutionError."""
    if opened.dialect == "sqlite":
        made = _file(opened)
    elif opened.shadow_url is None and _alone(opened):
        made = _template(opened)
    else:
        made = _clone(opened)
    with made as copy:
        try:
            yield copy
        finally:
            copy.engine.dispose()


@contextmanager
def _file(opened: Opened) -> Iterator[Copy]:
    path = Path(opened.database.url.database or "")
    size = path.stat().st_size if path.exists() else 0
    with tempfile.TemporaryDirectory(prefix="talatat-rehearsal-") as folder:
        if (free := shutil.disk_usage(folder).free) < 3 * size:
            raise EvolutionError(
                f"a rehearsal copies {path} ({size / 1e6:.0f} MB) to {Path(folder).parent}, which has "
                f"{free / 1e6:.0f} MB free. Make room, or name another folder: TMPDIR=/large talatat plan."
            )
        began = time.monotonic()
        target = Path(folder, "copy.sqlite")
        if size:
            _back_up(path, target)
        engine = make_migration_engine(parse_url(f"sqlite:///{target}"))
        yield Copy(engine, "file copy", time.monotonic() - began, size)


def _back_up(path: Path, target: Path) -> None:
    reading = f"{path.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(reading, uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _alone(opened: Opened) -> bool:
    with opened.reading() as connection:
        return bool(connection.execute(_OTHERS).scalar_one() == 0)


@contextmanager
def _template(opened: Opened) -> Iterator[Copy]:
    """Let the server copy; the database bears a shadow's name and lock, and is dropped like one."""
    url = opened.database.url
    name = f"{PREFIX}{secrets.token_hex(8)}"
    admin = make_migration_engine(url)
    try:
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            lock = text("SELECT pg_advisory_lock(:key, hashtext(:name))")
            connection.execute(lock, {"key": KEY, "name": name})
            began = time.monotonic()
            quoted = connection.dialect.identifier_preparer.quote_identifier(url.database or "")
            try:
                connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {quoted}")
                seconds, size = time.monotonic() - began, _size(connection)
                yield Copy(
                    make_migration_engine(url.set(database=name)), "template copy", seconds, size
                )
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != "42501":
                    raise
                raise EvolutionError(
                    f"a rehearsal needs a database, and {url.username or 'the role'} may not make one on "
                    f"{url.host or 'the server'}. Let it (ALTER ROLE ... CREATEDB), or name a server on "
                    f"which it may in talatat.shadow_url."
                ) from error
            finally:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        admin.dispose()


@contextmanager
def _clone(opened: Opened) -> Iterator[Copy]:
    with shadow("postgresql", opened.database.url, opened.shadow_url) as engine:
        began = time.monotonic()
        with opened.reading() as source:
            schema = read_schema(source)
            last = max(
                (n for n, one in enumerate(schema.objects, 1) if one.kind == "table"), default=0
            )
            with engine.begin() as target:
                _make(target, schema, 0, last)
                for table in schema.tables:
                    _copy_rows(source, target, schema, table)
                _make(target, schema, last, len(schema.objects))
                if kept.name in schema.tables:
                    target.execute(delete(kept))
                for name, value in source.execute(_SEQUENCES):
                    target.execute(
                        text("SELECT setval(:name, :value)"), {"name": name, "value": value}
                    )
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as target:
            target.exec_driver_sql("ANALYZE")
            size = _size(target)
        yield Copy(engine, "complete copy", time.monotonic() - began, size)


def _make(target: Connection, schema: Schema, start: int, end: int) -> None:
    statements = [one.sql for one in schema.objects[start:end]]
    if statements:
        # A function may name in its body what is made after it.
        script = ";\n".join(["SET LOCAL check_function_bodies = off", *statements])
        target.exec_driver_sql(script, execution_options={"no_parameters": True})


def _copy_rows(source: Connection, target: Connection, schema: Schema, table: str) -> None:
    """Stream the rows of one table; those of its heirs and partitions are theirs."""
    columns = [name for name, one in schema.tables[table].columns.items() if not one.generated]
    if not columns:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    read = sql.SQL("COPY (SELECT {} FROM ONLY {}) TO STDOUT").format(names, sql.Identifier(table))
    write = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with (
        source.connection.driver_connection.cursor() as reading,  # type: ignore[union-attr]
        target.connection.driver_connection.cursor() as writing,  # type: ignore[union-attr]
        reading.copy(read) as rows,
        writing.copy(write) as copied,
    ):
        for part in rows:
            copied.write(part)


def _size(connection: Connection) -> int:
    size: int = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return size
