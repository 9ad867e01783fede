"""Examples: there, and right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.testing.conformance.answers import wrong_value
from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import Reading, escaped


@rule(
    "example-body",
    "Each body and each answer that is written in place has an example",
    why="People copy it, and mocks answer it.",
    source="API.md, discovery",
    severity="warning",
)
def example_body(reading: Reading) -> Found:
    for pointer, (_, media) in reading.media:
        if media.get("schema") and not {"example", "examples"} & media.keys():
            yield pointer, "Say example=... at the node whose pattern was too hard to make one for."


@rule(
    "example-parameter",
    "Each parameter has an example",
    why="The form of a filter's value is seen at once.",
    source="API.md, discovery",
    severity="warning",
)
def example_parameter(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if not {"example", "examples"} & one.keys():
            yield pointer, f"Give {one.get('name')!r} an example."


@rule(
    "example-schema",
    "Each schema has an example",
    why="Pages show it beside the fields.",
    source="API.md, discovery",
    severity="warning",
)
def example_schema(reading: Reading) -> Found:
    for name, schema in reading.schemas.items():
        if not schema.get("examples"):
            yield (
                f"/components/schemas/{escaped(name)}",
                "Say example=... at the field that has none.",
            )


@rule(
    "example-valid",
    "Examples are what their schemas allow",
    why="A wrong example is copied as often as a right one.",
    source="Spectral oas3-valid-schema-example",
)
def example_valid(reading: Reading) -> Found:
    for pointer, schema, example in _examples(reading):
        for text in wrong_value(reading.document, schema, example, "the example"):
            yield pointer, f"Mend it: {text}."


def _examples(reading: Reading) -> Iterator[tuple[str, Any, Any]]:
    for name, schema in reading.schemas.items():
        for example in schema.get("examples", []):
            yield f"/components/schemas/{escaped(name)}", schema, example
    parts = [(pointer, media) for pointer, (_, media) in reading.media]
    for pointer, part in [*parts, *reading.parameters]:
        values = [one.get("value") for one in part.get("examples", {}).values()]
        if "example" in part:
            values.append(part["example"])
        for value in values:
            yield pointer, part.get("schema", {}), value
