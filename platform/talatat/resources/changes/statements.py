"""Which rows a statement writes, read off the statement wherever that can be done without asking.

`UPDATE t SET ... WHERE t.id = :key`, which is what the ORM sends, says it itself. What does not is asked
of the database, just before, with the statement's own WHERE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, ColumnClause

from talatat.db.ids import known_id
from talatat.db.types import UUIDv7

Parameters = Sequence[Mapping[str, Any]]
"""What a statement is executed with: one mapping, or many."""

AT_ONCE = 5000
_IDS = (UUIDv7, sa.Uuid)


def id_text(column: sa.Column[Any], value: Any) -> str:
    """The id `value` of `column` as notes keep it: a canonical UUID, or any other value's text."""
    if isinstance(column.type, _IDS):
        try:
            return str(known_id(value))
        except ValueError:
            pass
    return str(value)


def conjuncts(where: Any) -> Iterator[Any]:
    """The conditions that all have to hold."""
    if isinstance(where, BooleanClauseList) and where.operator is operators.and_:
        for clause in where.clauses:
            yield from conjuncts(clause)
    elif where is not None:
        yield where


def bound_values(where: Any, column: sa.Column[Any], sets: Parameters) -> list[Any] | None:
    """The values that `column` is compared with in a condition `column = :value` or `column IN :values`.

    Rows that the statement writes have one of them; None where there is no such condition.
    """
    for clause in conjuncts(where):
        if isinstance(clause, BinaryExpression) and _is(clause.left, column):
            right = clause.right
            if isinstance(right, BindParameter) and clause.operator is operators.eq:
                return [_value(right, one) for one in sets]
            if isinstance(right, BindParameter) and clause.operator is operators.in_op:
                return [value for one in sets for value in _value(right, one)]
    return None


def only_compares(where: Any, columns: Sequence[sa.Column[Any]]) -> bool:
    """Whether `where` consists of `column = :value` alone, for these columns."""
    found = list(conjuncts(where))
    return bool(found) and all(
        isinstance(clause, BinaryExpression)
        and clause.operator in (operators.eq, operators.in_op)
        and isinstance(clause.right, BindParameter)
        and any(_is(clause.left, column) for column in columns)
        for clause in found
    )


def _is(clause: Any, column: sa.Column[Any]) -> bool:
    if not isinstance(clause, ColumnClause) or clause.name != column.name:
        return False
    return getattr(clause.table, "name", None) == column.table.name


def _value(parameter: Any, given: Mapping[str, Any]) -> Any:
    return given.get(parameter.key, parameter.effective_value)


def inserted_values(result: Any, column: sa.Column[Any]) -> list[Any]:
    """What an INSERT ... VALUES has put into `column`, values that were made on the way included."""
    found: list[Any] = []
    several = re.compile(rf"{re.escape(column.key)}_m\d+\Z")
    for one in result.context.compiled_parameters:
        if column.key in one:
            found.append(one[column.key])
        else:
            found += [value for key, value in one.items() if several.match(key)]
    if found or not column.primary_key:
        return [value for value in found if value is not None]
    place = list(column.table.primary_key.columns).index(column)
    return [row[place] for row in result.inserted_primary_key_rows if row[place] is not None]


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """`values` in parts that a statement can take."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
