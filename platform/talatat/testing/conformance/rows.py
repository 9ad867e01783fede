"""Rows for any table: by the types of its columns, its keys, and its checks where they can be guessed.

Deterministic: the same tables get the same rows. Values come from a column's own default where it has
one, so that a state is a state that the model knows; else from its type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError, StatementError

from talatat.errors import said_by
from talatat.testing.conformance.guessing import (
    Guess,
    Row,
    checks_of,
    is_document,
    is_made_by_database,
)
from talatat.testing.conformance.values import NoRow, value_for

TRIES = 120


class Rows:
    """Makes rows in `tables`, parents first. `given` holds values by table and column that are known.

    Rows are numbered from `start`, so that those of two calls differ. What rows refer to has to be in
    `tables`, or there already.
    """

    def __init__(
        self,
        tables: Iterable[Table],
        given: Mapping[str, Mapping[str, Any]] | None = None,
        start: int = 0,
    ) -> None:
        self.tables = in_order(tables)
        self.given = given or {}
        self.start = start
        self._made: dict[str, int] = {}

    def fill(
        self, connection: Connection, count: int = 2, only: Iterable[str] | None = None
    ) -> dict[str, list[Row]]:
        """Insert `count` rows into each table, or into those named; return them. Raises NoRow."""
        wanted = None if only is None else set(only)
        return {
            table.name: [self.insert(connection, table) for _ in range(count)]
            for table in self.tables
            if wanted is None or table.name in wanted
        }

    def insert(self, connection: Connection, table: Table) -> Row:
        """Insert one row and return it. Raises NoRow."""

        def put(row: Row) -> None:
            with connection.begin_nested():
                connection.execute(sa.insert(table).values(row))

        return self.attempt(connection, table, put)

    def attempt(self, connection: Connection, table: Table, put: Callable[[Row], None]) -> Row:
        """Call `put` with one row after the other until it is not refused; return that. Raises NoRow."""
        guess = Guess(connection, table, lambda: self._next(table.name))
        # What an older or a newer revision has no column for is not said here.
        known = self.given.get(table.name, {})
        given = {name: value for name, value in known.items() if name in table.columns}
        said = ""
        for _ in range(TRIES):
            row = {**guess.row, **given}
            try:
                put(row)
                return row
            except (DBAPIError, StatementError) as error:
                said = said_by(error)
                guess.vary(said)
        raise NoRow(f"no row could be made for {table.name}: {said}")

    def _next(self, table: str) -> int:
        self._made[table] = self._made.get(table, self.start) + 1
        return self._made[table]


def in_order(tables: Iterable[Table]) -> list[Table]:
    """Tables after those that they refer to; circles are broken at keys that may be null."""
    waiting = {table.name: table for table in tables}
    found: list[Table] = []
    while waiting:
        left = set(waiting)
        ready = sorted(name for name, table in waiting.items() if not _targets(table) & left)
        loose = sorted(
            name for name, table in waiting.items() if not _targets(table, hard=True) & left
        )
        found += [waiting.pop(name) for name in ready or loose[:1] or sorted(waiting)[:1]]
    return found


def _targets(table: Table, *, hard: bool = False) -> set[str]:
    """The other tables that one refers to; `hard`: those of which there must be a row before one of it."""
    return {
        key.referred_table.name
        for key in table.foreign_key_constraints
        if key.referred_table is not table
        and not (hard and all(column.nullable for column in key.columns))
    }


def changed(table: Table, number: int) -> Row:
    """Other values for every column of a row that may change: neither keys nor what checks name."""
    fixed = {column.name for key in table.foreign_key_constraints for column in key.columns}
    fixed |= {column.name for column in table.primary_key}
    fixed |= {name for one in checks_of(table) for name in one.named}
    return {
        column.name: value_for(column, number)
        for column in table.columns
        if column.name not in fixed and not is_made_by_database(column) and not is_document(column)
    }


__all__ = ["NoRow", "Row", "Rows", "changed", "in_order"]
