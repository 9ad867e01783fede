"""Rows for any table: by the types of its columns, its keys, and its checks where they can be guessed.

Deterministic: the same tables get the same rows. Values come from a column's own default where it has
one, so that a state is a state that the model knows; else from its type. What a check refuses is tried
again with the values that its text names.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

from talatat.db.types import JSONDocument
from talatat.testing.conformance.values import NoRow, python_type, value_for

Row = dict[str, Any]
TRIES = 120
_STRINGS = re.compile(r"'((?:[^']|'')*)'")
_NUMBERS = re.compile(r"(?<![\w.'])-?\d+(?![\w.'])")


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
        refused: Exception | None = None
        for row in self.candidates(connection, table):
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(table).values(row))
                return row
            except (DBAPIError, StatementError) as error:
                refused = error
        said = " ".join(str(getattr(refused, "orig", None) or refused).split())
        raise NoRow(f"no row could be made for {table.name}: {said}")

    def candidates(self, connection: Connection, table: Table) -> Iterator[Row]:
        """Rows to try, the likeliest first; each has a number of its own."""
        chance = random.Random(table.name)  # noqa: S311  # the same rows each time
        named = _named_in_checks(table)
        keys = [_ForeignKey(connection, table, one) for one in table.foreign_key_constraints]
        for attempt in range(TRIES):
            number = self._made[table.name] = self._made.get(table.name, self.start) + 1
            row: Row = {}
            for column in table.columns:
                if _is_made_by_database(column):
                    continue
                row[column.name] = _first(column, number)
                if attempt:
                    _vary(row, column, chance, named)
            for key in keys:
                key.choose(row, number, empty=bool(attempt) and chance.random() < 0.5)
            row.update(self.given.get(table.name, {}))
            yield row


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
    """Other values for every column of a row that may change: neither keys nor what is unique."""
    fixed = {column.name for key in table.foreign_key_constraints for column in key.columns}
    fixed |= {column.name for column in table.primary_key}
    checked = {name for name, values in _named_in_checks(table).items() if values is not None}
    return {
        column.name: value_for(column, number)
        for column in table.columns
        if column.name not in fixed | checked
        and not _is_made_by_database(column)
        # What a document has to hold only its model knows.
        and not _is_document(column)
    }


def _is_made_by_database(column: Column[Any]) -> bool:
    if column.computed is not None or column.identity is not None:
        return True
    alone = column.primary_key and len(column.table.primary_key) == 1
    integer = isinstance(column.type, sa.Integer) and not column.foreign_keys
    return alone and integer and column.autoincrement in (True, "auto", "ignore_fk")


def _first(column: Column[Any], number: int) -> Any:
    """The likeliest value: the model's own default; null now and then where that may be."""
    default = column.default
    if column.nullable and number % 2 == 0:
        return None
    if isinstance(default, ScalarElementColumnDefault) and not _is_unique(column):
        return default.arg
    if isinstance(default, CallableColumnDefault) and _is_document(column):
        return default.arg(None)  # type: ignore[arg-type]  # a default that wants no context is wrapped
    return value_for(column, number)


def _is_document(column: Column[Any]) -> bool:
    return isinstance(column.type, JSONDocument | sa.JSON)


def _is_unique(column: Column[Any]) -> bool:
    table = column.table
    keys = [one.columns for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    keys += [one.columns for one in table.indexes if one.unique]
    return column.primary_key or any(column.name in one for one in keys)


def _vary(
    row: Row, column: Column[Any], chance: random.Random, named: Mapping[str, list[Any] | None]
) -> None:
    """Another value, for a row that was refused: null or not, and what the checks name."""
    if column.nullable and chance.random() < 0.5:
        row[column.name] = None
    elif named.get(column.name) and chance.random() < 0.8:
        row[column.name] = chance.choice(named[column.name] or [None])
    elif row[column.name] is None:
        row[column.name] = value_for(column, chance.randrange(1, 1000))


def _named_in_checks(table: Table) -> dict[str, list[Any] | None]:
    """For each column that a check names, the literals that stand in the check, as values of its type."""
    found: dict[str, list[Any] | None] = {}
    for one in table.constraints:
        if not isinstance(one, sa.CheckConstraint):
            continue
        text = str(one.sqltext)
        for column in table.columns:
            if re.search(rf"\b{re.escape(column.name)}\b", text):
                found[column.name] = [*(found.get(column.name) or ()), *_literals(column, text)]
    return found


def _literals(column: Column[Any], text: str) -> list[Any]:
    strings = [one.replace("''", "'") for one in _STRINGS.findall(text)]
    numbers = [int(one) for one in _NUMBERS.findall(_STRINGS.sub("", text))]
    near = sorted({near for one in numbers for near in (one - 1, one, one + 1)})
    kind = python_type(column)
    if kind is str:
        return [*strings, *("x" * one for one in near if 0 <= one <= 200)]
    if kind in (int, float, Decimal):
        return [kind(one) for one in near]
    if kind is bool:
        return [True, False]
    return []


class _ForeignKey:
    """One foreign key, and the keys that its rows may refer to."""

    def __init__(
        self, connection: Connection, table: Table, constraint: sa.ForeignKeyConstraint
    ) -> None:
        self.columns = [element.parent for element in constraint.elements]
        targets = [element.column for element in constraint.elements]
        self.may_be_null = all(column.nullable for column in self.columns)
        order = [
            target.table.c[column.name]
            for target in targets[:1]
            for column in target.table.primary_key
        ]
        query = sa.select(*targets).order_by(*order).limit(1000)
        self.keys: Sequence[Any] = connection.execute(query).fetchall()

    def choose(self, row: Row, number: int, *, empty: bool) -> None:
        """Set the key of `row`: to null, or to a row that is there, another for each number."""
        if not self.keys or (empty and self.may_be_null):
            values: Sequence[Any] = [None] * len(self.columns)
        else:
            values = self.keys[(number - 1) % len(self.keys)]
        for column, value in zip(self.columns, values, strict=True):
            row[column.name] = value


__all__ = ["NoRow", "Row", "Rows", "changed", "in_order"]
