"""Guessing a row that a table takes: a likely one first, then others, by what the database refused.

What a check refuses is looked for among the values that its text names, and only in the columns that it
names; what a key refuses gets another number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

from talatat.db.types import JSONDocument
from talatat.testing.conformance.values import python_type, value_for

Row = dict[str, Any]
_STRINGS = re.compile(r"'((?:[^']|'')*)'")
_NUMBERS = re.compile(r"(?<![\w.'])-?\d+(?![\w.'])")
_ELSEWHERE = 0.3  # how often something else than what was refused is varied


@dataclass(frozen=True)
class Check:
    """A check of a table: its name, its text, and for each column that it names the values in its text."""

    name: str | None
    text: str
    named: Mapping[str, list[Any]]

    def refused(self, said: str) -> bool:
        """Whether a database's refusal is this check's."""
        return (self.name or self.text) in said


def checks_of(table: Table) -> list[Check]:
    """The checks of a table."""
    found = []
    for one in table.constraints:
        if isinstance(one, sa.CheckConstraint):
            text = str(one.sqltext)
            named = {
                column.name: _literals(column, text)
                for column in table.columns
                if re.search(rf"\b{re.escape(column.name)}\b", text)
                and not is_made_by_database(column)
            }
            found.append(Check(None if one.name is None else str(one.name), text, named))
    return found


class Guess:
    """The row to try next. `number` gives a new number each time: values and parents follow it."""

    def __init__(self, connection: Connection, table: Table, number: Callable[[], int]) -> None:
        self._chance = random.Random(table.name)  # noqa: S311  # the same rows each time
        self._number = number
        self._checks = checks_of(table)
        self._columns = {one.name: one for one in table.columns if not is_made_by_database(one)}
        self._keys = [ForeignKey(connection, table, one) for one in table.foreign_key_constraints]
        self._bound = {name for key in self._keys for name in key.names}
        self.row: Row = {}
        self._renew(self._columns)

    def vary(self, said: str) -> None:
        """Change the row after the database refused it with these words."""
        failing = [one for one in self._checks if one.refused(said)]
        named = {name for one in failing for name in one.named}
        if not failing:
            checked = {name for one in self._checks for name in one.named}
            self._renew(set(self._columns) - checked)
            # What no key names was refused by none: it stays as the checks want it.
            named = {one for one in checked if one in self._bound or _is_unique(self._columns[one])}
        for name in sorted(named):
            self._try_another(name)

    def _renew(self, names: Collection[str]) -> None:
        number = self._number()
        for name in names:
            self.row[name] = _likely(self._columns[name], number)
        for key in self._keys:
            if set(key.names) & set(names):
                key.choose(self.row, number)

    def _try_another(self, name: str) -> None:
        column = self._columns[name]
        if column.nullable and self._chance.random() < 0.5:
            self.row[name] = None
            return
        for key in self._keys:
            if name in key.names:
                key.choose(self.row, self._chance.randrange(1, 1000))
                return
        values = [value for one in self._checks for value in one.named.get(name, ())]
        if values and self._chance.random() > _ELSEWHERE:
            self.row[name] = self._chance.choice(values)
        else:
            self.row[name] = value_for(column, self._chance.randrange(1, 1000))


class ForeignKey:
    """One foreign key, and the keys that its rows may refer to."""

    def __init__(
        self, connection: Connection, table: Table, constraint: sa.ForeignKeyConstraint
    ) -> None:
        self.names = [element.parent.name for element in constraint.elements]
        targets = [element.column for element in constraint.elements]
        order = list(targets[0].table.primary_key)
        query = sa.select(*targets).order_by(*order).limit(1000)
        self.keys: Sequence[Any] = connection.execute(query).fetchall()

    def choose(self, row: Row, number: int) -> None:
        """Set the key of `row` to a row that is there, another for each number; to null where there is none."""
        values = self.keys[(number - 1) % len(self.keys)] if self.keys else [None] * len(self.names)
        row.update(zip(self.names, values, strict=True))


def is_made_by_database(column: Column[Any]) -> bool:
    """Whether nobody writes a column: it is computed, or numbered by the database."""
    if column.computed is not None or column.identity is not None:
        return True
    alone = column.primary_key and len(column.table.primary_key) == 1
    integer = isinstance(column.type, sa.Integer) and not column.foreign_keys
    return alone and integer and column.autoincrement in (True, "auto", "ignore_fk")


def is_document(column: Column[Any]) -> bool:
    """Whether a column holds JSON: what that has to be only its model knows."""
    return isinstance(column.type, JSONDocument | sa.JSON)


def _likely(column: Column[Any], number: int) -> Any:
    """The likeliest value: the model's own default; null now and then where that may be."""
    default = column.default
    if column.nullable and number % 2 == 0:
        return None
    if isinstance(default, ScalarElementColumnDefault) and not _is_unique(column):
        return default.arg
    if isinstance(default, CallableColumnDefault) and is_document(column):
        return default.arg(None)  # type: ignore[arg-type]  # a default that wants no context is wrapped
    return value_for(column, number)


def _is_unique(column: Column[Any]) -> bool:
    table = column.table
    keys = [one.columns for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    keys += [one.columns for one in table.indexes if one.unique]
    return column.primary_key or any(column.name in one for one in keys)


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
