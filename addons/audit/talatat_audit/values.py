"""Values as an entry keeps them: JSON that reads back the same from every database, bounded in size.

Texts, whole numbers, truth values and null stand as they are; moments, decimals and the like as texts;
bytes only by their length. What is longer than `LONGEST` is cut, and told by its length and SHA-256.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

LONGEST = 2000
WHOLE = range(-(2**53) + 1, 2**53)


def plain(value: Any) -> Any:
    """`value` as JSON; a long one as `{"cut": its beginning, "characters": ..., "sha256": ...}`."""
    made = _plain(value)
    if isinstance(made, str):
        return _cut(made, made)
    if isinstance(made, dict | list):
        return _cut(json.dumps(made, ensure_ascii=False, sort_keys=True), made)
    return made


def _cut(text: str, otherwise: Any) -> Any:
    if len(text) <= LONGEST:
        return otherwise
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return {"cut": text[:LONGEST], "characters": len(text), "sha256": digest}


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value in WHOLE else str(value)
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": len(value)}
    if isinstance(value, Mapping):
        return {storable(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, float | decimal.Decimal | uuid.UUID | dt.timedelta):
        return str(value)
    return storable(f"{type(value).__name__} {value}")


def storable(value: str, longest: int | None = None) -> str:
    """`value` without what a database cannot keep (NUL, halves of surrogate pairs), cut at `longest`."""
    made = value
    if not value.isascii() or "\0" in value:
        made = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return made if longest is None else made[:longest]
