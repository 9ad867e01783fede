"""Hand-written Cornice services are told in OpenAPI as far as their definitions tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import colander
import pytest
from cornice import Service
from cornice.service import SERVICES
from cornice.validators import (
    colander_headers_validator,
    colander_path_validator,
    colander_querystring_validator,
    colander_validator,
)

from talatat.describing.cornice import describe_service
from talatat.openapi import _make_unique


class Number(colander.MappingSchema):
    number = colander.SchemaNode(colander.Integer(), description="Which one")


class Whole(colander.MappingSchema):
    body = Number(name="body")
    path = Number(name="path")
    header = Number(name="header")
    cookies = Number(name="cookies")


def told(method: str, path: str = "/api/x/v1/things/{number}", **options: Any) -> Any:
    service = Service("things", path)
    SERVICES.remove(service)
    service.add_view(method, lambda request: {}, **options)
    registry: Any = SimpleNamespace(introspector=SimpleNamespace(get=lambda *key: None))
    return describe_service(service, registry)


def described(*arguments: Any, **options: Any) -> Any:
    return told(*arguments, **options)[0]


def parameters(operation: Any) -> list[tuple[str, str, bool]]:
    return [(one["name"], one["in"], one.get("required", False)) for one in operation["parameters"]]


@pytest.mark.parametrize(
    ("validator", "expected"),
    [
        (colander_path_validator, [("number", "path", True)]),
        (colander_querystring_validator, [("number", "path", True), ("number", "query", True)]),
        (colander_headers_validator, [("number", "path", True), ("number", "header", True)]),
    ],
)
def test_a_schema_of_one_place_is_told_as_parameters(validator: Any, expected: Any) -> None:
    (item,) = described("GET", schema=Number(), validators=(validator,)).values()
    assert parameters(item["get"]) == expected
    assert "requestBody" not in item["get"]


def test_a_schema_of_all_places_is_told_by_place() -> None:
    (item,) = described("POST", schema=Whole(), validators=(colander_validator,)).values()
    assert parameters(item["post"]) == [
        ("number", "path", True), ("number", "header", True), ("Idempotency-Key", "header", False),
    ]  # fmt: skip
    assert "requestBody" in item["post"]
    (body,) = told("POST", schema=Whole(), validators=(colander_validator,))[1].values()
    assert body["required"] == ["number"]


def test_a_schema_without_a_validator_that_is_known_is_the_body() -> None:
    for options in ({"schema": Number}, {"schema": Number(), "validators": (print,)}):
        (item,) = described("PUT", **options).values()
        assert "requestBody" in item["put"]
    (item,) = described("PUT", schema=object()).values()
    assert "requestBody" not in item["put"]


def test_a_view_says_what_it_answers() -> None:
    options = {"status": 201, "response": Number, "headers": ("Location",), "operation": "count"}
    paths, schemas = told("POST", **options, problems={"taken": (409, "It is there.")})
    operation = paths["/api/x/v1/things/{number}"]["post"]
    assert operation["operationId"] == "talatat.things.count"
    answer = operation["responses"]["201"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/talatat.number")
    assert answer["headers"] == {"Location": {"$ref": "#/components/headers/Location"}}
    assert operation["x-problems"] == {"taken": {"status": 409, "description": "It is there."}}
    assert "default" not in operation["responses"]
    assert schemas["talatat.number"]["required"] == ["number"]


def test_a_view_says_that_it_answers_a_page_or_nothing() -> None:
    paths, schemas = told("GET", response=[Number])
    assert schemas["talatat.number.page"]["required"] == ["items", "next", "prev"]
    paths, _ = told("DELETE", status=204)
    responses = paths["/api/x/v1/things/{number}"]["delete"]["responses"]
    assert "content" not in responses["204"]
    assert "default" in responses


def test_what_remains_of_a_path_is_a_parameter_and_options_are_not_told() -> None:
    (path,) = described("GET", path="/files/*rest")
    assert path == "/files/{rest}"
    assert described("OPTIONS") == {}


def test_operations_of_one_name_get_numbers() -> None:
    paths: Any = {
        path: {"get": {"operationId": "a", "responses": {}}} for path in ("/1", "/2", "/3")
    }
    _make_unique(paths)
    assert [item["get"]["operationId"] for item in paths.values()] == ["a", "a.2", "a.3"]
