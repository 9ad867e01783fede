"""Rows read out of a table and loaded into one, as lines; neither is ever held whole.

The driver is asked directly: SQLite for its storage classes as they are, PostgreSQL for COPY, whose texts
are exact for every type that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from talatat.evolution.archive.manifest import Column
from talatat.evolution.archive.values import coded, decoders, encoders, line_of, row_of
from talatat.evolution.kept.sql import joined

_BETWEEN_WORDS = 2000

# What is being done, how many rows of all are done, and how many there are: for a bar of progress.
Watch = Callable[[str, int, int], object]

# How PostgreSQL writes values: shortest exact floating numbers, moments in UTC as ISO 8601.
_SPELLING = (
    "SET LOCAL datestyle = 'ISO, YMD'", "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL timezone = 'UTC'", "SET LOCAL extra_float_digits = 1", "SET LOCAL bytea_output = 'hex'",
)  # fmt: skip


def settle(connection: Connection) -> None:
    """Let PostgreSQL spell values in one way until the transaction ends."""
    if connection.dialect.name == "postgresql":
        for statement in _SPELLING:
            connection.exec_driver_sql(statement)


def read_lines(
    connection: Connection, source: str, columns: Sequence[Column], where: str = ""
) -> Iterator[bytes]:
    """Yield the rows of `source` (SQL), each as a line; `where` is SQL as well."""
    # Names come from the catalogue and are quoted.
    query = f"SELECT {joined(connection, (one.name for one in columns))} FROM {source}"  # noqa: S608
    if where:
        query += f" WHERE {where}"
    coders = encoders(connection.dialect.name, columns)
    for row in _rows(connection, query):
        yield line_of(coded(row, coders))


def load_lines(
    connection: Connection, target: str, columns: Sequence[Column], lines: Iterable[bytes]
) -> None:
    """Insert rows that come as lines. Raises ValueError for a line that does not fit."""
    coders = decoders(connection.dialect.name, columns)
    rows = (coded(row_of(line), coders) for line in lines)
    names = joined(connection, (one.name for one in columns))
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {target} ({names}) VALUES ({marks})"  # noqa: S608
        _driver(connection).executemany(statement, rows)
        return
    with (
        _driver(connection).cursor() as cursor,
        cursor.copy(f"COPY {target} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def watched(
    lines: Iterable[bytes], what: str, done: int, total: int, watch: Watch
) -> Iterator[bytes]:
    """Tell `watch`, now and then, how many rows have passed; `done` were before them."""
    count = 0
    for count, line in enumerate(lines, 1):
        yield line
        if count % _BETWEEN_WORDS == 0:
            watch(what, done + count, total)
    watch(what, done + count, total)


def _rows(connection: Connection, query: str) -> Iterator[Sequence[Any]]:
    if connection.dialect.name == "sqlite":
        yield from _driver(connection).execute(query)
        return
    with _driver(connection).cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        yield from copy.rows()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
