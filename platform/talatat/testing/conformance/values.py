"""Values for a column: by its type, and for a few names by what models take such a text for."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column
from sqlalchemy.sql.sqltypes import Uuid

from talatat.db.types import JSONDocument, Scaled, UTCDateTime, UUIDv7
from talatat.testing.conformance.model import LeftOut

_START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
# What models of money and of people take a text for, whatever the type says.
_WORDS = {"currency": "EUR", "email": "somebody{}@example.org", "url": "https://example.org/{}"}


class NoRow(LeftOut):
    """No row could be guessed that the database takes."""


def python_type(column: Column[Any]) -> type[Any] | None:
    """What the values of a column are in Python; None where its type does not say."""
    if isinstance(column.type, Scaled):
        return Decimal
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def value_for(column: Column[Any], number: int) -> Any:
    """A value of the column's type, another for each number. Raises NoRow for a type that is not known."""
    kind = column.type
    if isinstance(kind, UUIDv7) or (isinstance(kind, sa.CHAR) and kind.length == 36):
        return _id(f"{column.table.name}.{column.name}", number)
    if isinstance(kind, Uuid):
        made = uuid.UUID(_id(f"{column.table.name}.{column.name}", number))
        return made if kind.as_uuid else str(made)
    if isinstance(kind, sa.Enum):
        return kind.enums[number % len(kind.enums)]
    if isinstance(kind, UTCDateTime):
        return _START + timedelta(minutes=number)
    if isinstance(kind, sa.DateTime):
        moment = _START + timedelta(minutes=number)
        return moment if kind.timezone else moment.replace(tzinfo=None)
    if isinstance(kind, JSONDocument | sa.JSON):
        return {"number": number}
    if isinstance(kind, sa.ARRAY):
        return []
    return _plain(column, number)


def _plain(column: Column[Any], number: int) -> Any:
    kind = python_type(column)
    if kind is str:
        return _text(column, number)
    if kind is Decimal:
        return _decimal(column, number)
    maker = _MAKERS.get(kind) if kind is not None else None
    if maker is not None:
        return maker(number)
    if column.nullable:
        return None
    raise NoRow(
        f"no row could be made for {column.table.name}: nobody knows a value of the type "
        f"{column.type!r} of {column.name}"
    )


def _decimal(column: Column[Any], number: int) -> Decimal:
    kind = column.type
    if isinstance(kind, sa.Numeric) and kind.precision:
        return Decimal(number % 10 ** (kind.precision - (kind.scale or 0)))
    return Decimal(number)


def word_for(name: str, number: int) -> str | None:
    """What a text of this name is taken for, whatever its type says; None for a name like any other."""
    word = _WORDS.get(name)
    return word.format(number) if word else None


def _text(column: Column[Any], number: int) -> str:
    text = word_for(column.name, number) or f"{column.name} {number}"
    length = getattr(column.type, "length", None)
    if length is None or len(text) <= length:
        return text
    short = (
        base64.b32encode(number.to_bytes(5)).decode().lower()
    )  # eight letters, the last ones differ
    return short[-length:] if length <= len(short) else text[: length - len(short)] + short


def _id(name: str, number: int) -> str:
    """A UUID of version 7 in form, the same each time."""
    raw = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{number}").hex
    return str(uuid.UUID(f"{raw[:12]}7{raw[13:16]}8{raw[17:]}"))


_MAKERS: dict[type[Any], Callable[[int], Any]] = {
    bool: lambda number: number % 2 == 0,
    int: lambda number: number,
    float: lambda number: number + 0.5,
    bytes: lambda number: str(number).encode(),
    date: lambda number: (_START + timedelta(days=number)).date(),
    time: lambda number: time(number % 24, number // 24 % 60),
    timedelta: lambda number: timedelta(minutes=number),
}
