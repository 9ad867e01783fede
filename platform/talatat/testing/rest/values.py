"""Values for a JSON Schema: the likeliest first, then others, for a server refuses for reasons of its own.

    candidates("amount", {"type": "string", "pattern": ...}, 3)   ["3.50", "3", ...]

What a pattern wants is looked for among texts of many shapes, for many rows want many of them; where none
fits there is one text that does.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from talatat.describing.examples.patterns import text_for
from talatat.testing.conformance.answers import resolved
from talatat.testing.conformance.values import word_for

Schema = Mapping[str, Any]
Refer = Callable[[str, int], Iterator[str]]
"""(name of a field, number) -> ids of rows that it may refer to."""

_SHAPES = (
    "{name}{n}", "{name}-{n}", "{name} {n}", "{n}", "{n}.50", "-{n}", "{n:08}", "{n:013}", "{letters}",
    "{LETTERS}", "{letters}{n}", "{LETTERS}{n}", "{LETTERS}-{n}", "{LETTERS}-{n:04}", "+{n:011}", "#{n:06x}", "#{n:03x}",
    "2026-01-{day:02}", "{day:02}:00", "{day:02}:00:00", "P{day}D", "v{n}", "{n}.0.0", "/{name}{n}", "{name}/{n}",
    "{name}{n}@example.org", "https://example.org/{n}", "{name}_{n}", "{LETTERS}{n:08}", "en", "en-US", "Europe/Berlin",
)  # fmt: skip
_FORMATS = {
    "date-time": "2026-01-{day:02}T{hour:02}:{minute:02}:00Z",
    "date": "2026-01-{day:02}",
    "time": "{hour:02}:{minute:02}:00",
    "duration": "PT{n}M",
    "email": "somebody{n}@example.org",
    "uri": "https://example.org/{n}",
    "url": "https://example.org/{n}",
    "hostname": "host{n}.example.org",
    "ipv4": "10.0.0.{day}",
}
MOST = 12  # candidates of a text


class Values:
    """Makes values by the schemas of one document. `refer` finds what a reference can refer to."""

    def __init__(self, document: Schema, refer: Refer) -> None:
        self.document, self.refer = document, refer

    def candidates(self, name: str, schema: Schema, number: int) -> Iterator[Any]:
        """Values for a field, the likeliest first; another first one for each number."""
        schema = self._chosen(schema)
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            known = [one for one in schema["enum"] if one is not None]
            yield from (known[(number + turn) % len(known)] for turn in range(len(known)))
            return
        kind = schema.get("type")
        kind = (
            next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
        )
        makers: dict[Any, Callable[[str, Schema, int], Iterator[Any]]] = {
            "string": self._texts, "integer": _numbers, "number": _numbers, "boolean": _truths,
            "array": self._lists, "object": self._objects,
        }  # fmt: skip
        yield from makers.get(kind, self._texts)(name, schema, number)
        yield from _examples(schema)

    def first(self, name: str, schema: Schema, number: int) -> Any:
        """The likeliest value."""
        return next(self.candidates(name, schema, number), None)

    def _chosen(self, schema: Schema) -> Schema:
        schema = resolved(self.document, schema)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                some = [resolved(self.document, one) for one in schema[several]]
                return next((one for one in some if one.get("type") != "null"), some[0])
        return schema

    def _texts(self, name: str, schema: Schema, number: int) -> Iterator[str]:
        said = schema.get("format")
        if said == "uuid":
            yield from self.refer(name, number)
            yield str(uuid.uuid4())
            return
        fits = [one for one in _shapes(name, said, number) if _fits(one, schema)]
        if not fits and "pattern" in schema:
            fits = [
                one for one in (text_for(schema["pattern"], schema.get("minLength", 0)),) if one
            ]
        yield from list(dict.fromkeys(fits))[:MOST]

    def _lists(self, name: str, schema: Schema, number: int) -> Iterator[list[Any]]:
        least = schema.get("minItems", 0)
        item = schema.get("items", {})
        made = [self.first(name, item, number + turn) for turn in range(max(1, least))]
        yield made
        if not least:
            yield []

    def _objects(self, name: str, schema: Schema, number: int) -> Iterator[dict[str, Any]]:
        members = schema.get("properties", {})
        wanted = schema.get("required", ())
        for names in (members, wanted):
            yield {one: self.first(one, members[one], number) for one in names}
        if not members and schema.get("additionalProperties"):
            yield {f"{name}{number}": f"{name} {number}"}


def _examples(schema: Schema) -> Iterator[Any]:
    if "example" in schema:
        yield schema["example"]
    yield from schema.get("examples", ())
    if "default" in schema:
        yield schema["default"]


def _shapes(name: str, said: Any, number: int) -> Iterator[str]:
    letters = _letters(number)
    words = {
        "name": re.sub(r"[^a-z0-9]", "", name.lower()) or "x", "n": number, "letters": letters,
        "LETTERS": letters.upper(), "day": number % 27 + 1, "hour": number % 24, "minute": number % 60,
    }  # fmt: skip
    known = word_for(name, number)
    if known is not None:
        yield known
    if said in _FORMATS:
        yield _FORMATS[said].format(**words)
    for one in _SHAPES:
        yield one.format(**words)


def _letters(number: int) -> str:
    """Three letters, others for each number: as a currency or a country code wants them."""
    return "".join(chr(ord("a") + number // 26**place % 26) for place in (2, 1, 0))


def _fits(text: str, schema: Schema) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    pattern = schema.get("pattern")
    return pattern is None or re.search(pattern, text) is not None


def _numbers(name: str, schema: Schema, number: int) -> Iterator[float]:
    least, most = schema.get("minimum"), schema.get("maximum")
    least = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else least
    most = schema["exclusiveMaximum"] - 1 if "exclusiveMaximum" in schema else most
    for value in (number, 1, 0, least, most):
        if value is None or (least is not None and value < least):
            continue
        if most is None or value <= most:
            yield int(value)


def _truths(name: str, schema: Schema, number: int) -> Iterator[bool]:
    yield from (number % 2 == 0, number % 2 != 0)
