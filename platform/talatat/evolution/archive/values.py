"""Rows as lines of JSON that lose nothing: a list of values, in the order of the table's columns.

Null, whole numbers, floating ones, true and false, and texts are JSON's own. What JSON has not stands as
an object of one key: `{"bytes": base64}`, `{"real": "inf"}`. Everything else that PostgreSQL has
(decimals, moments, documents, ranges, arrays) is the text that the database itself writes and reads.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from talatat.evolution.archive.manifest import Column

Row = Sequence[Any]
Coder = Callable[[Any], Any]

WHOLE = frozenset({"smallint", "integer", "bigint"})
FLOATING = frozenset({"real", "double precision"})


def line_of(row: Row) -> bytes:
    """Return a row of JSON values as a line, without its end."""
    return orjson.dumps(row)


def row_of(line: bytes) -> list[Any]:
    """Return the JSON values of a line. Raises ValueError."""
    row: list[Any] = orjson.loads(line)
    return row


def encoders(dialect: str, columns: Sequence[Column]) -> list[Coder]:
    """Return, for each column, what makes a JSON value of what the database gave."""
    if dialect == "sqlite":
        return [_from_sqlite] * len(columns)
    return [_coder(one.type, _FROM_POSTGRESQL) for one in columns]


def decoders(dialect: str, columns: Sequence[Column]) -> list[Coder]:
    """Return, for each column, what makes of a JSON value what the database takes."""
    if dialect == "sqlite":
        return [_to_sqlite] * len(columns)
    return [_coder(one.type, _TO_POSTGRESQL) for one in columns]


def coded(row: Row, coders: Sequence[Coder]) -> list[Any]:
    """Return a row as its coders make it; NULL stays NULL."""
    return [None if value is None else code(value) for code, value in zip(coders, row, strict=True)]


def _from_sqlite(value: Any) -> Any:
    """A value of one of SQLite's storage classes; booleans and moments are integers and texts there."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, float) and math.isinf(value):
        return {"real": repr(value)}
    return value


def _to_sqlite(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return base64.b64decode(value["bytes"], validate=True)
    return float(value["real"])


def _coder(type_: str, coders: dict[str, Coder]) -> Coder:
    if type_ in WHOLE:
        return coders["whole"]
    if type_ in FLOATING:
        return coders["floating"]
    return coders.get(type_, coders["text"])


def _floating(text: str) -> Any:
    value = float(text)
    return value if math.isfinite(value) else {"real": text}


def _text_of_floating(value: Any) -> str:
    return str(value["real"]) if isinstance(value, dict) else repr(value)


def _text_of_bytes(value: Any) -> str:
    return "\\x" + base64.b64decode(value["bytes"], validate=True).hex()


# PostgreSQL's values come and go as its own texts (COPY).
_FROM_POSTGRESQL: dict[str, Coder] = {
    "whole": int,
    "floating": _floating,
    "boolean": lambda text: text == "t",
    "bytea": lambda text: {"bytes": base64.b64encode(bytes.fromhex(text[2:])).decode()},
    "text": str,
}
_TO_POSTGRESQL: dict[str, Coder] = {
    "whole": str,
    "floating": _text_of_floating,
    "boolean": lambda value: "t" if value else "f",
    "bytea": _text_of_bytes,
    "text": str,
}
