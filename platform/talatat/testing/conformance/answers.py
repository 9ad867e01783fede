"""Whether an answer is what the OpenAPI document says: its status, its media type, its body.

The body is compared with the part of JSON Schema that the platform itself writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_KINDS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def wrong_answer(document: Schema, operation: Schema, response: Any) -> Iterator[str]:
    """What an answer has that its operation does not say."""
    said = operation["responses"].get(str(response.status_code))
    if said is None:
        if response.status_code < 400:
            yield f"it answers {response.status_code}, which is not documented"
            return
        said = operation["responses"].get("default")
        if said is None:
            yield f"it answers {response.status_code}, and no problem is documented"
            return
    kinds = resolved(document, said).get("content", {})
    if not kinds:
        return
    if response.content_type not in kinds:
        yield f"it answers {response.content_type}; documented are {', '.join(kinds)}"
        return
    yield from wrong_value(
        document, kinds[response.content_type]["schema"], response.json, "the answer"
    )


def wrong_value(document: Schema, schema: Schema, value: Any, where: str) -> Iterator[str]:
    """Where a value is not what a schema says."""
    schema = resolved(document, schema)
    if "anyOf" in schema:
        choices = [list(wrong_value(document, one, value, where)) for one in schema["anyOf"]]
        if all(choices):
            yield choices[0][0]
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_KINDS[kind](value) for kind in kinds):
        yield f"{where} is {_shown(value)}, which is not of type {' or '.join(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {_shown(value)}, which is none of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, dict):
        yield from _wrong_object(document, schema, value, where)
    elif isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            yield from wrong_value(document, schema["items"], one, f"{where}[{number}]")


def _wrong_object(
    document: Schema, schema: Schema, value: Mapping[str, Any], where: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where} has no {name!r}"
    known = schema.get("properties", {})
    for name, one in value.items():
        if name in known:
            yield from wrong_value(document, known[name], one, f"{where}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{where}.{name} is not documented"


def resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
