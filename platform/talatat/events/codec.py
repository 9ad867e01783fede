"""Events as JSON and back, by the types that their fields are annotated with.

What cannot come back as it went is refused when the subscriber is declared, not when the first event
is lost.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from talatat.db.money import Money
from talatat.events.event import Event, name_of

_PLAIN = (str, int, float, bool, type(None))


def encode(value: Any) -> Any:
    """Return `value` as plain JSON. Raises TypeError for what has no such form."""
    if isinstance(value, Enum):
        return encode(value.value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: encode(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(one) for one in value]
    raise TypeError(f"an event cannot hold {value!r}: give plain values, dates, decimals or Money")


def decode(hint: Any, value: Any) -> Any:
    """Return the value of type `hint` that `encode` made `value` of. Raises ValueError, TypeError."""
    if hint is Any or value is None:
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (hint,) = (one for one in inner if one is not type(None))
        return decode(hint, value)
    if origin in (list, set, frozenset):
        return origin(decode(inner[0], one) for one in value)
    if origin is tuple:
        return _decode_tuple(inner, value)
    if origin is dict:
        return {key: decode(inner[1], one) for key, one in value.items()}
    if hint in (datetime, date):
        return hint.fromisoformat(value)
    if hint is Money:
        return Money(Decimal(value["amount"]), value["currency"])
    if is_dataclass(hint):
        return _decode_fields(hint, value)
    return hint(value) if hint is Decimal or issubclass(hint, Enum) else value


def _decode_tuple(inner: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if len(inner) == 2 and inner[1] is Ellipsis:  # tuple[X, ...]
        return tuple(decode(inner[0], one) for one in value)
    return tuple(decode(hint, one) for hint, one in zip(inner, value, strict=True))


def _decode_fields(cls: Any, value: Mapping[str, Any]) -> Any:
    hints = get_type_hints(cls)
    # A field that a newer or older version does not know is left out.
    known = {one.name for one in fields(cls) if one.init}
    return cls(**{name: decode(hints[name], one) for name, one in value.items() if name in known})


def decode_event(cls: type[Event], payload: Mapping[str, Any]) -> Event:
    """Return the event that was encoded as `payload`."""
    event: Event = _decode_fields(cls, payload)
    return event


def undecodable(cls: type[Any]) -> list[str]:
    """Return, in words, the fields of a dataclass that would not come back from JSON as they went."""
    if not is_dataclass(cls):
        return [f"{name_of(cls)} is not a dataclass: decorate it with @dataclass"]
    hints = get_type_hints(cls)
    return [
        f"{name_of(cls)}.{one.name} is of type {hints[one.name]}, which has no JSON form"
        for one in fields(cls)
        if not _decodable(hints[one.name])
    ]


def _decodable(hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or hint in (*_PLAIN, datetime, date, Decimal, Money, Ellipsis):
        return True
    if origin in (Union, types.UnionType):
        return len([one for one in inner if one is not type(None)]) == 1 and all(
            _decodable(one) for one in inner
        )
    if origin in (list, set, frozenset, tuple):
        return all(_decodable(one) for one in inner)
    if origin is dict:
        return inner[0] is str and _decodable(inner[1])
    if isinstance(hint, type) and is_dataclass(hint):
        return not undecodable(hint)
    return isinstance(hint, type) and issubclass(hint, Enum)
