"""Strings for examples: by format, by pattern, by the name of what they are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from talatat.describing.examples.patterns import text_for

ID = "01890a5d-ac96-774b-bcce-b302099a8057"

FORMATS = {
    "uuid": ID,
    "date-time": "2026-01-15T12:00:00Z",
    "date": "2026-01-15",
    "time": "12:30:00Z",
    "time-local": "12:30:00",
    "duration": "P1D",
    "uri": "https://example.com/",
    "uri-reference": "/",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "YQ==",
}
NAMES = {
    "id": ID,
    "source_id": "4711",
    "price": "12.50 EUR",
    "sort": "-created_at",
    "name": "Ada Lovelace",
    "user": "ada",
    "display_name": "Ada Lovelace",
    "title": "A blue lamp",
    "label": "A label",
    "description": "A few words about it",
    "password": "correct horse battery staple",
    "current": "correct horse battery staple",
    "new": "another horse battery staple",
    "amount": "12.50",
    "code": "A-1",
    "slug": "lamps",
    "sku": "LAMP-1",
    "email": "ada@example.com",
    "etag": '"3-9f86d081884c7d659a"',
    "if_match": '"3-9f86d081884c7d659a"',
    "country": "DE",
    "currency": "EUR",
    "language": "en",
    "city": "Berlin",
    "phone": "+49 30 901820",
    "ean": "4006381333931",
    "address": "192.0.2.1",
    "agent": "Mozilla/5.0",
    "status": "ok",
}


def text(schema: Mapping[str, Any], name: str) -> str | None:
    """A string that `schema` accepts, for something called `name`; None where none was found."""
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    if "format" in schema and schema["format"] in FORMATS:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        known = NAMES.get(name)
        if known is not None and re.search(schema["pattern"], known):
            return known
        return text_for(schema["pattern"], least)
    found = NAMES.get(name) or name.replace("_", " ") or "text"
    found = found if most is None else found[: int(most)]
    return found.ljust(least, "x")
