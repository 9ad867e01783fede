"""Colander types for the values that every API of this platform words in the same way.

Identifiers are UUID strings, moments are RFC 3339 in UTC with `Z`, decimals are strings (a JSON
number would lose digits in half of the clients), money is `{"amount": "12.50", "currency": "EUR"}`
and an open map is an object whose names its schema does not know.

A type of an addon takes part by defining `to_json(value)` and `json_schema()`; without them the
platform falls back to colander's `serialize` and to a plain string.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from functools import cache
from typing import Any

import colander

UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
TIMESTAMP_PATTERN = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)
DECIMAL_PATTERN = re.compile(r"-?\d{1,30}(\.\d{1,12})?\Z", re.ASCII)
AMOUNT_PATTERN = re.compile(r"-?\d{1,15}(\.\d{1,4})?\Z", re.ASCII)
CURRENCY_PATTERN = re.compile(r"[A-Z]{3}\Z")


def parse_timestamp(text: str) -> dt.datetime:
    """The moment that an RFC 3339 string names, in UTC; ValueError for any other string."""
    if not TIMESTAMP_PATTERN.match(text):
        raise ValueError(f"{text!r} is no RFC 3339 timestamp")
    # Python knows six digits of a second; RFC 3339 allows more.
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
    try:
        return dt.datetime.fromisoformat(trimmed).astimezone(dt.UTC)
    except OverflowError as error:  # year 1 or 9999 moved across the calendar's edge
        raise ValueError(str(error)) from error


def format_timestamp(value: dt.datetime) -> str:
    """RFC 3339 in UTC with `Z`; a naive value is taken as UTC, as the database keeps it."""
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value.isoformat() + "Z"


class JSONType(colander.SchemaType):
    """A type whose JSON form and Python form are told by `from_json`, `to_json`, `json_schema`.

    `members` are the names that `fields=` may choose inside of an object; None leaves them free.
    `shared` is a name under which a document tells the type once, so that clients have one type for it.
    """

    members: tuple[str, ...] | None = ()
    shared: str | None = None

    def from_json(self, value: Any) -> Any:
        """The Python value; ValueError with a sentence for people where it is not acceptable."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """What orjson can write."""
        return value

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of the JSON form."""
        raise NotImplementedError

    def serialize(self, node: Any, appstruct: Any) -> Any:
        if appstruct is colander.null or appstruct is None:
            return colander.null
        return self.to_json(appstruct)

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        try:
            return self.from_json(cstruct)
        except ValueError as error:
            raise colander.Invalid(node, str(error)) from error

    def cstruct_children(self, node: Any, cstruct: Any) -> list[Any]:
        return []


class UUID(JSONType):
    """An identifier made by the server: the canonical lower-case form of a UUID, a `str`."""

    def from_json(self, value: Any) -> str:
        if not isinstance(value, str) or not UUID_PATTERN.match(value):
            raise ValueError("must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")
        return value.lower()

    def to_json(self, value: Any) -> str:
        return str(value)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


class Timestamp(JSONType):
    """A moment: RFC 3339 with an offset on the way in, UTC with `Z` on the way out."""

    def from_json(self, value: Any) -> dt.datetime:
        try:
            return parse_timestamp(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError("must be an RFC 3339 timestamp such as 2026-01-31T12:00:00Z") from None

    def to_json(self, value: dt.datetime) -> str:
        return format_timestamp(value)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


class Decimal(JSONType):
    """An exact decimal, written as a string."""

    def from_json(self, value: Any) -> decimal.Decimal:
        if not isinstance(value, str) or not DECIMAL_PATTERN.match(value):
            raise ValueError('must be a decimal in a string such as "12.50"')
        return decimal.Decimal(value)

    def to_json(self, value: Any) -> str:
        return format(decimal.Decimal(value), "f")

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^-?\d{1,30}(\.\d{1,12})?$"}


class Money(JSONType):
    """An amount with its currency; in Python whatever `make(amount, currency)` gives.

    `make` is `talatat.db.types.Money` unless an addon has its own value class; the value needs
    the attributes `amount` and `currency`. Amounts are whole minor units of the currency unless
    `fractions` says that there may be more decimals.
    """

    members = ("amount", "currency")
    shared = "money"

    def __init__(self, make: Any = None, fractions: bool = False) -> None:
        self.make = make
        self.fractions = fractions

    def from_json(self, value: Any) -> Any:
        if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
            raise ValueError('must be money such as {"amount": "12.50", "currency": "EUR"}')
        amount, currency = value["amount"], value["currency"]
        if not isinstance(amount, str) or not AMOUNT_PATTERN.match(amount):
            raise ValueError('"amount" must be a decimal in a string such as "12.50"')
        if not isinstance(currency, str) or not CURRENCY_PATTERN.match(currency):
            raise ValueError('"currency" must be three capital letters such as "EUR"')
        if self.make is None:
            found = _money().written(amount, currency)
        else:
            found = self.make(decimal.Decimal(amount), currency)
        if not self.fractions:
            _ = getattr(found, "minor", None)  # ValueError for a part of a cent
        return found

    def to_json(self, value: Any) -> dict[str, str]:
        write = getattr(value, "to_json", None)
        if write is not None:  # writes at least the decimals of the currency
            found: dict[str, str] = write()
            return found
        return {"amount": format(value.amount, "f"), "currency": value.currency}

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["amount", "currency"],
            "additionalProperties": False,
            "properties": {
                "amount": {"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
        }


@cache
def _money() -> Any:
    from talatat.db.types import Money as Value  # late: schemas need no database

    return Value


class OpenMap(JSONType):
    """An object whose names are data: `{"Colour": "red", "Weight": 1.2}`.

    `values` are the JSON types of which a value is one: "string", "number", "boolean"; any where none is
    given.
    """

    members = None

    def __init__(self, *values: str) -> None:
        self.values = values

    def from_json(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be an object")
        check_numbers(value)
        for name, one in value.items() if self.values else ():
            if not any(_is_of(one, kind) for kind in self.values):
                raise ValueError(f"{name!r} must be one of: {', '.join(self.values)}")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": {"type": list(self.values)} if self.values else True,
        }


def _is_of(value: Any, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool}[kind])


class AnyJSON(JSONType):
    """Any JSON value at all."""

    def from_json(self, value: Any) -> Any:
        check_numbers(value)
        return value

    def json_schema(self) -> dict[str, Any]:
        return {}


def check_numbers(value: Any) -> None:
    """ValueError where an integer anywhere in `value` does not fit into 64 bits."""
    if isinstance(value, dict):
        for one in value.values():
            check_numbers(one)
    elif isinstance(value, list):
        for one in value:
            check_numbers(one)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("holds an integer that does not fit into 64 bits")
