"""Values of filters: read from the text of a query string, and JSON values as that text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import colander

from talatat.schema import types

Parse = Callable[[str], Any]
INT64 = 2**63


def parse_boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def parse_integer(text: str) -> int:
    """An integer of at most 64 bits."""
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or not -INT64 <= int(text) < INT64:
        raise ValueError("must be an integer of at most 64 bits")
    return int(text)


def parse_float(text: str) -> float:
    """A finite number."""
    if not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", text):
        raise ValueError("must be a number")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("must be a number that is not beyond measure")
    return value


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text if len(text) == 10 else "")
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31") from None


def _time(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a time such as 12:30:00") from None


def _boolean_text(value: Any) -> str:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return "true" if value else "false"


def _integer_text(value: Any) -> str:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        raise ValueError("must be an integer")
    return str(int(value))


def _number_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return repr(value)


def _string_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def any_text(value: Any) -> str:
    """A filter of the resource's own reads text, whatever the values of its field are."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _boolean_text(value)
    if not isinstance(value, int | float):
        raise ValueError("must be a string, a number, true or false")
    return repr(value)


JSON_TEXT: dict[str, Callable[[Any], str]] = {
    "boolean": _boolean_text,
    "integer": _integer_text,
    "number": _number_text,
    "string": _string_text,
    "any": any_text,
}

PARSERS: dict[type, Parse] = {
    types.UUID: types.UUID().from_json,
    types.Timestamp: types.Timestamp().from_json,
    types.Decimal: types.Decimal().from_json,
    colander.Integer: parse_integer,
    colander.Float: parse_float,
    colander.Boolean: parse_boolean,
    colander.String: str,
    colander.Date: _date,
    colander.Time: _time,
}
