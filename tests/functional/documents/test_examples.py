"""Every schema, parameter, body and answer has an example, which its schema accepts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from talatat.describing.examples.making import Absent, Maker
from talatat.describing.examples.patterns import text_for
from talatat.openapi import document_of

URI = "urn:document"


def told(document: Any) -> Iterator[tuple[str, Any, Any]]:
    """(where, schema, example or None) of everything that should have one."""
    components = document["components"]
    for name, schema in components["schemas"].items():
        yield name, schema, schema.get("examples", [None])[0]
    for name, header in components["headers"].items():
        yield name, header["schema"], header.get("example")
    for name, response in components["responses"].items():
        yield from bodies(name, response)
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", []):
            yield f"{path} {parameter['name']}", parameter["schema"], parameter.get("example")
        for method, operation in item.items():
            where = f"{method} {path}"
            if method == "parameters":
                continue
            for parameter in operation.get("parameters", []):
                yield f"{where} {parameter['name']}", parameter["schema"], parameter.get("example")
            yield from bodies(where, operation.get("requestBody", {}))
            for status, response in operation["responses"].items():
                yield from bodies(f"{where} {status}", response)


def bodies(where: str, part: Any) -> Iterator[tuple[str, Any, Any]]:
    for media_type, media in part.get("content", {}).items():
        examples = [one["value"] for one in media.get("examples", {}).values()]
        for example in examples or [media.get("example")]:
            yield f"{where} {media_type}", media["schema"], example


def test_everything_has_an_example_that_its_schema_accepts(document: Any) -> None:
    registry = Registry().with_resource(
        URI,
        Resource.from_contents(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}
        ),
    )
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    problems, count = [], 0
    for where, schema, example in told(document):
        count += 1
        if example is None:
            problems.append(f"{where} has no example")
            continue
        absolute = json.loads(json.dumps(schema).replace('"#/', f'"{URI}#/'))
        validator = jsonschema.Draft202012Validator(
            absolute, registry=registry, format_checker=checker
        )
        problems += [f"{where}: {error.message}" for error in validator.iter_errors(example)]
    assert not problems
    assert count > 500


def test_the_document_is_the_same_each_time_it_is_made(registry: Any, document: Any) -> None:
    assert json.loads(json.dumps(document_of(registry))) == document


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^-?\d{1,30}(\.\d{1,12})?$", "1"),
        (r"^[A-Z]{3}$", "AAA"),
        (r"^(?:[a-z0-9][a-z0-9._@+-]{0,99})", "a"),
        (r"^(a|b)x+?[^a]\w\s.$", "axba a"),
        (r"^\D\S\W[^a-z]$", "aa-A"),
        (r"^(?P<x>b)[^b]$", "ba"),
        (r"^(?:(?=b)a)$", None),
        ("(", None),
    ],
)
def test_a_text_is_made_for_a_pattern(pattern: str, expected: str | None) -> None:
    assert text_for(pattern) == expected


def test_a_text_for_a_pattern_is_as_long_as_it_has_to_be() -> None:
    assert text_for("^[a-z]{1,9}$", 5) == "aaaaa"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["null", "integer"], "minimum": 5}, 5),
        ({"type": "number", "maximum": 1}, 1.0),
        ({"type": "null"}, None),
        ({"type": "array"}, []),
        ({"type": "array", "minItems": 2, "items": {"const": 4}}, [4, 4]),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2}),
        ({"oneOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"type": "object", "additionalProperties": False}, {}),
        ({"type": "string", "maxLength": 3}, "tex"),
        ({}, {}),
    ],
)  # fmt: skip
def test_an_example_is_made_by_the_type(schema: Any, expected: Any) -> None:
    assert Maker({}).of(schema) == expected


def test_a_schema_that_contains_itself_shows_itself_once() -> None:
    node = {
        "type": "object",
        "properties": {"value": {"const": 1}, "below": {"$ref": "#/x/y/node"}},
    }
    assert Maker({"node": node}).named("node") == {"value": 1}
    with pytest.raises(Absent):
        Maker({"node": {**node, "required": ["below"]}}).named("node")
    with pytest.raises(Absent):
        Maker({}).of({"type": "string", "pattern": "("}, "odd")
