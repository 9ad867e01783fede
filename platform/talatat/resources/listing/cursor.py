"""Cursors: where a page ends, as an opaque text that only this server can make.

A cursor holds the direction, the values of the sort keys at the edge of the page and a digest of the
query that it belongs to, signed with `talatat.secret`. The first value of the secret signs; any of
its values verifies, so that it can be rotated while clients hold cursors. Whatever is wrong with a
cursor, the answer is the same 400 with the code `invalid_cursor`.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import decimal
import hashlib
import hmac
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from talatat.problems import Problem

SIGNATURE_BYTES = 16
LONGEST = 8192


@dataclass(frozen=True)
class Cursor:
    """A position between rows: `values` are the sort keys of the row at the edge, the id last.

    `forward` goes on to what comes after it, otherwise to what is before. `inclusive` counts the
    edge's own row in: it is used to go back from a page that turned out to be empty.
    """

    values: tuple[Any, ...]
    forward: bool = True
    inclusive: bool = False


class CursorSigner:
    """Writes and reads cursors of one system."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [
            hmac.digest(secret.encode("utf-8"), b"talatat.cursor", "sha256") for secret in secrets
        ]

    def dumps(self, cursor: Cursor, query: str, *, veiled: bool = False) -> str:
        """The text of `cursor`, bound to the digest `query`. TypeError for a value of no known type.

        `veiled`: its values cannot be read, for those that tell what its bearer may not know.
        """
        flags = (1 if cursor.forward else 0) | (2 if cursor.inclusive else 0)
        payload = orjson.dumps([flags, [_pack(value) for value in cursor.values]])
        signature = _sign(self._keys[0], payload, query)
        return _encode(
            signature + (_veiled(self._keys[0], payload, signature) if veiled else payload)
        )

    def loads(self, text: str, query: str, *, veiled: bool = False) -> Cursor:
        """The cursor in `text`; Problem 400 `invalid_cursor` unless it is ours and of this query."""
        try:
            raw = _decode(text)
            signature, sent = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
            payload = self._verified(signature, sent, query, veiled)
            flags, values = orjson.loads(payload)
            return Cursor(tuple(map(_unpack, values)), bool(flags & 1), bool(flags & 2))
        except (ValueError, TypeError, KeyError, decimal.InvalidOperation) as error:
            raise invalid_cursor() from error

    def _verified(self, signature: bytes, sent: bytes, query: str, veiled: bool) -> bytes:
        # Every key is tried, so that the time tells nothing about which one it was.
        found = None
        for key in self._keys:
            payload = _veiled(key, sent, signature) if veiled else sent
            if hmac.compare_digest(_sign(key, payload, query), signature):
                found = payload
        if found is None:
            raise ValueError("signature")
        return found


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


def _sign(key: bytes, payload: bytes, query: str) -> bytes:
    return hmac.digest(key, query.encode("ascii") + b"\0" + payload, "sha256")[:SIGNATURE_BYTES]


def _veiled(key: bytes, payload: bytes, signature: bytes) -> bytes:
    """`payload` veiled, or unveiled: under a stream that its own signature makes (as AES-SIV does)."""
    stream = b"".join(
        hmac.digest(key, b"veil" + signature + at.to_bytes(4, "big"), "sha256")
        for at in range(-(-len(payload) // 32))
    )
    return bytes(one ^ other for one, other in zip(payload, stream, strict=False))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    if len(text) > LONGEST:
        raise ValueError("too long")
    try:
        raw = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except binascii.Error as error:
        raise ValueError("encoding") from error
    if _encode(raw) != text:  # one spelling only: unused bits of the last character are zero
        raise ValueError("encoding")
    return raw


def _pack(value: Any) -> Any:
    if value is None or isinstance(value, bool | str | float):
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
