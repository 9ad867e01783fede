"""Cursors: where a page ends, as an opaque text that only this server can make and read.

A cursor holds the direction and the values of the sort keys at the edge of the page, sealed with the
system's keys and bound to a digest of the query that it belongs to. Nobody learns from it what the row at
the edge holds; a secret can be rotated while clients hold cursors. Whatever is wrong with a cursor, the
answer is the same 400 with the code `invalid_cursor`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from talatat.problems import Problem
from talatat.security.keys import KeyRing, from_text, to_text

PURPOSE = b"talatat.cursor"
LONGEST = 8192


class Cursor(NamedTuple):
    """A position between rows: `values` are the sort keys of the row at the edge, the id last.

    `forward` goes on to what comes after it, otherwise to what is before. `inclusive` counts the
    edge's own row in: it is used to go back from a page that turned out to be empty.
    """

    values: tuple[Any, ...]
    forward: bool = True
    inclusive: bool = False


class CursorSealer:
    """Writes and reads cursors of one system."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def dumps(self, cursor: Cursor, query: str) -> str:
        """The text of `cursor`, bound to the digest `query`. TypeError for a value of no known type."""
        flags = (1 if cursor.forward else 0) | (2 if cursor.inclusive else 0)
        payload = orjson.dumps([flags, [_pack(value) for value in cursor.values]])
        return to_text(self._keys.seal(PURPOSE, payload, query.encode("ascii")))

    def loads(self, text: str, query: str) -> Cursor:
        """The cursor in `text`; Problem 400 `invalid_cursor` unless it is ours and of this query."""
        try:
            if len(text) > LONGEST:
                raise ValueError("too long")
            payload = self._keys.unseal(PURPOSE, from_text(text), query.encode("ascii"))
            flags, values = orjson.loads(payload)
            return Cursor(tuple(map(_unpack, values)), bool(flags & 1), bool(flags & 2))
        except (ValueError, TypeError, KeyError, decimal.InvalidOperation) as error:
            raise invalid_cursor() from error


def invalid_cursor() -> Problem:
    """The one answer to whatever is wrong with a cursor."""
    detail = "The cursor was not made for this query; begin again without it"
    return Problem(
        400,
        "invalid_cursor",
        detail,
        [{"parameter": "cursor", "code": "invalid_cursor", "detail": detail}],
    )


def digest_of(*parts: Any) -> str:
    """A short digest of what a cursor is bound to: the resource and the shape of its query."""
    return hashlib.blake2b(orjson.dumps(parts, default=str), digest_size=12).hexdigest()


def _pack(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, float)):
        return value
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else ["i", str(value)]
    for tag, kind, pack, _ in _TAGGED:
        if isinstance(value, kind):
            return [tag, pack(value)]
    raise TypeError(f"a cursor cannot hold {type(value).__name__}")


def _unpack(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    tag, text = value
    return _UNPACK[tag](text)


# The first class that fits counts: a datetime is a date, too.
_TAGGED: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("t", dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    ("d", dt.date, dt.date.isoformat, dt.date.fromisoformat),
    ("c", dt.time, dt.time.isoformat, dt.time.fromisoformat),
    ("n", decimal.Decimal, str, decimal.Decimal),
    ("u", uuid.UUID, str, uuid.UUID),
)
_UNPACK: dict[str, Callable[[str], Any]] = {tag: unpack for tag, _, _, unpack in _TAGGED} | {
    "i": int
}
