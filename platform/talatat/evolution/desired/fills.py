"""The rows that extensions of presence "always" guarantee, as SQL: to count those missing, to make them.

An addon that is added later, or comes back, finds rows that were made without it. The statements hold
their values, so that a plan shows them, and are the same each time that they are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import ClauseElement

from talatat.db.models import Attachment
from talatat.evolution.graph import EvolutionError
from talatat.system import System

# The present moment, as `UTCDateTime` stores it.
_NOW = {"postgresql": "CURRENT_TIMESTAMP", "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')"}
_DIALECTS: dict[str, Dialect] = {
    # "named": texts as they stand, without the doubled % of drivers that format.
    "postgresql": postgresql.dialect(paramstyle="named"),  # type: ignore[no-untyped-call]
    "sqlite": sqlite.dialect(paramstyle="named"),
}


@dataclass(frozen=True)
class Fill:
    """One extension whose rows are guaranteed.

    `statement` makes the rows of `table` that are missing for rows of `extends`; `gaps` counts them.
    Both are plain SQL without parameters.
    """

    addon: str
    table: str
    extends: str
    statement: str
    gaps: str


def fills_of(system: System) -> Iterator[Fill]:
    """The fills of a composed system, in the order of composition."""
    for one in system.models.attachments:
        if one.presence == "always":
            yield _fill(one, system.database.dialect)


def _fill(one: Attachment, dialect: str) -> Fill:
    (parent,) = one.model.__mapper__.primary_key
    (key,) = one.extension.__mapper__.primary_key
    missing = ~exists().where(key == parent)
    values: dict[str, ColumnElement[Any]] = {key.name: parent}
    for column in one.extension.__table__.columns:
        if column is not key and (value := _default(one, column, dialect)) is not None:
            values[column.name] = value.label(column.name)
    made = insert(one.extension.__table__).from_select(
        list(values), select(*values.values()).where(missing), include_defaults=False
    )
    gaps = select(func.count()).select_from(parent.table).where(missing)
    return Fill(
        one.addon,
        one.extension.__tablename__,
        one.model.__tablename__,
        _text(made, dialect),
        _text(gaps, dialect),
    )


def _default(one: Attachment, column: Column[Any], dialect: str) -> ColumnElement[Any] | None:
    """What a new row has in a column, as SQL; None where the database decides."""
    default = column.default
    if default is None or default.is_sequence:
        if default is None and column.server_default is None and not column.nullable:
            raise _cannot_be_made(one, column, "has no default")
        return None
    if default.is_clause_element:
        return default.arg  # type: ignore[attr-defined,no-any-return]
    value = default.arg  # type: ignore[attr-defined]
    if default.is_callable:
        value, again = value(None), value(None)
        if isinstance(value, datetime):
            return literal_column(_NOW[dialect])
        if value != again:
            raise _cannot_be_made(one, column, "has a default that differs from row to row")
    try:
        return _literal(value, column, dialect)
    except (CompileError, NotImplementedError) as error:
        raise _cannot_be_made(one, column, f"has the default {value!r}") from error


def _literal(value: Any, column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """A value in SQL; where the type has no literals, what the type hands to the driver."""
    try:
        shown = literal(value, column.type)
        _text(select(shown), dialect)
    except CompileError:
        processor = column.type.dialect_impl(_DIALECTS[dialect]).bind_processor(_DIALECTS[dialect])
        if processor is None:
            raise
        shown = literal(processor(value))
        _text(select(shown), dialect)
    return shown


def _text(statement: ClauseElement, dialect: str) -> str:
    compiled = statement.compile(dialect=_DIALECTS[dialect], compile_kwargs={"literal_binds": True})
    return "\n".join(line.rstrip(" ") for line in str(compiled).split(" \n"))


def _cannot_be_made(one: Attachment, column: Column[Any], why: str) -> EvolutionError:
    return EvolutionError(
        f"{one}: {one.extension.__qualname__} is guaranteed for each {one.model.__qualname__} "
        f'(presence "always"), but its column {column.name!r} {why}, so that the rows which are '
        f"missing cannot be made by SQL. Give the column a fixed default or a server_default, let it "
        f'be null, or declare presence="sparse".'
    )
