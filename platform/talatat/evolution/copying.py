"""A copy of a database to rehearse on; the original is only read.

SQLite: its backup interface copies the file while others write. PostgreSQL: the server copies the database
as a template, which it does only where nobody else is connected (and keeps new sessions waiting
meanwhile). Where a system serves, the schema is made anew in a database of its own and all rows follow in
one snapshot: all of them, since durations and errors of a sample say little about the whole.
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
from typing import Any, cast

from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.amounts import size
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.opening import Opened
from talatat.evolution.shadow import (
    INSUFFICIENT_PRIVILEGE,
    KEY,
    PREFIX,
    drop_database,
    let_it,
    shadow,
)

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SEQUENCES = text(
    "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences"
    " WHERE last_value IS NOT NULL AND schemaname = ANY (current_schemas(false))"
)

_ARCHIVES = text(
    "SELECT nspname FROM pg_namespace WHERE starts_with(nspname::text, 'talatat_archive_') ORDER BY 1"
)
# What was kept lies in tables with columns and nothing else.
_KEPT = text(
    "SELECT c.oid::regclass::text, string_agg(quote_ident(a.attname) || ' ' ||"
    " format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relkind = 'r' AND starts_with(c.relname::text, 'talatat_kept_') GROUP BY c.oid"
)
Raw = PsycopgConnection[Any]
Query = str | sql.Composed


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
    bytes_ = path.stat().st_size if path.exists() else 0
    with tempfile.TemporaryDirectory(prefix="talatat-rehearsal-") as folder:
        if (free := shutil.disk_usage(folder).free) < 3 * bytes_:
            raise EvolutionError(
                f"a rehearsal copies {path} ({size(bytes_)}) to {Path(folder).parent}, which has "
                f"{size(free)} free. Make room, or name another folder: TMPDIR=/large talatat plan."
            )
        began = time.monotonic()
        target = Path(folder, "copy.sqlite")
        if bytes_:
            _back_up(path, target)
        engine = make_migration_engine(parse_url(f"sqlite:///{target}"))
        yield Copy(engine, "file copy", time.monotonic() - began, bytes_)


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
                seconds, bytes_ = time.monotonic() - began, _size(connection)
                yield Copy(
                    make_migration_engine(url.set(database=name)), "template copy", seconds, bytes_
                )
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
                    raise
                raise EvolutionError(
                    f"a rehearsal needs a database, and {url.username or 'the role'} may not make one on "
                    f"{url.host or 'the server'}. {let_it(url)}"
                ) from error
            finally:
                drop_database(connection, name)
    finally:
        admin.dispose()


@contextmanager
def _clone(opened: Opened) -> Iterator[Copy]:
    with shadow("postgresql", opened.database.url, opened.shadow_url) as engine:
        began = time.monotonic()
        with opened.reading() as source, engine.begin() as target:
            _copy_all(source, target, read_schema(source))
            for name in source.execute(_ARCHIVES).scalars().all():
                _copy_archive(source, target, name)
            for table, columns in source.execute(_KEPT).all():
                target.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
                _stream(source, target, f"COPY {table} TO STDOUT", f"COPY {table} FROM STDIN")
            for name, value in source.execute(_SEQUENCES):
                target.execute(text("SELECT setval(:name, :value)"), {"name": name, "value": value})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as target:
            target.exec_driver_sql("ANALYZE")
            bytes_ = _size(target)
        yield Copy(engine, "complete copy", time.monotonic() - began, bytes_)


def _copy_all(source: Connection, target: Connection, schema: Schema) -> None:
    """Make the tables, copy their rows, then make what stands on them."""
    last = max((n for n, one in enumerate(schema.objects, 1) if one.kind == "table"), default=0)
    _make(target, schema, 0, last)
    for table in schema.tables:
        _copy_rows(source, target, schema, table)
    _make(target, schema, last, len(schema.objects))


def _copy_archive(source: Connection, target: Connection, name: str) -> None:
    """An archive is a schema: all of it is read, and made, with that schema alone in sight."""
    quoted = source.dialect.identifier_preparer.quote_identifier(name)
    target.exec_driver_sql(f"CREATE SCHEMA {quoted}")
    for one in (source, target):
        one.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")
    _copy_all(source, target, read_schema(source, lambda _: True))
    for one in (source, target):
        one.exec_driver_sql("SET LOCAL search_path TO DEFAULT")


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
    _stream(source, target, read, write)


def _stream(source: Connection, target: Connection, read: Query, write: Query) -> None:
    reader, writer = (cast("Raw", one.connection.driver_connection) for one in (source, target))
    with (
        reader.cursor() as reading,
        writer.cursor() as writing,
        reading.copy(read) as rows,
        writing.copy(write) as copied,
    ):
        for part in rows:
            copied.write(part)


def _size(connection: Connection) -> int:
    size: int = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return size
