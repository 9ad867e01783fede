"""JSON as bytes, for everything that the API answers."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """`value` as JSON; what JSON does not know is written by `str`.

    PostgreSQL gives a stored 1e300 back as an integer of 301 digits, which orjson refuses: such
    documents take the standard library's way.
    """
    try:
        return orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8")
