"""Values of deleted rows as JSON, and back: what the column types give, each told by its tag.

Texts, whole numbers, truth values and null stand as they are; everything else is `{tag: text}`, a
stored JSON document `{"json": ...}`.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]

# The first class that fits counts: a datetime is a date, too.
_TAGS: tuple[tuple[str, Any, Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    ("float", float, repr, float),
    ("timestamp", dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    ("date", dt.date, dt.date.isoformat, dt.date.fromisoformat),
    ("time", dt.time, dt.time.isoformat, dt.time.fromisoformat),
    ("interval", dt.timedelta, lambda value: value // dt.timedelta(microseconds=1),
     lambda value: dt.timedelta(microseconds=value)),
    ("decimal", decimal.Decimal, str, decimal.Decimal),
    ("uuid", uuid.UUID, str, uuid.UUID),
    ("bytes", bytes, lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode),
    ("json", (dict | list), lambda value: value, lambda value: value),
)  # fmt: skip
_READ = {tag: read for tag, _, _, read in _TAGS}


def packed(values: Mapping[str, Any]) -> Row:
    """The values of a row, by column name, as JSON. TypeError for a value of no known kind."""
    return {str(name): _pack(value) for name, value in values.items()}


def unpacked(row: Mapping[str, Any]) -> Row:
    """The values that `packed` was given."""
    return {name: _unpack(value) for name, value in row.items()}


def _pack(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    for tag, kind, pack, _ in _TAGS:
        if isinstance(value, kind):
            return {tag: pack(value)}
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, text),) = value.items()
    return _READ[tag](text)
