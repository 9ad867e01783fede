"""JSON as bytes, for everything that the API answers."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """`value` as JSON; what JSON does not know is written by `str`.

    orjson refuses integers beyond 64 bits, which a sum may well be: such a document takes the
    standard library's way.
    """
    try:
        return orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8")
