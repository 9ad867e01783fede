"""JSON as bytes, for everything that the API answers."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import orjson

from talatat.schema.types import format_timestamp

UTC = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def dumps(value: Any) -> bytes:
    """`value` as JSON; a moment is written in UTC with `Z`, what JSON does not know by `str`.

    orjson refuses integers beyond 64 bits, which a sum may well be: such a document takes the
    standard library's way.
    """
    try:
        return orjson.dumps(value, default=_text, option=UTC)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=_text, ensure_ascii=False).encode("utf-8")


def _text(value: Any) -> str:
    return format_timestamp(value) if isinstance(value, dt.datetime) else str(value)
