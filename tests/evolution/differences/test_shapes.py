"""Schemas of requests and answers: what breaks a client that was written for the old ones."""

import pytest

from talatat.evolution.differences import differences
from talatat.evolution.differences.shapes import Shapes

COMPONENTS = {
    "schemas": {
        "word": {"type": "string"},
        "loop": {"$ref": "#/components/schemas/loop"},
        "part": {"type": "object", "properties": {}, "x-addon": "other"},
    }
}
CASES = [
    # old, new, breaks a request, breaks an answer
    ({"type": "string"}, {"type": ["string", "null"]}, False, True),
    ({"type": ["string", "null"]}, {"type": "string"}, True, False),
    ({"type": "integer"}, {"type": "number"}, False, True),
    ({"type": "number"}, {"type": "integer"}, True, False),
    ({}, {"type": "string"}, True, False),
    ({"type": "string"}, {}, False, True),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, True, True),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, False, False),
    ({}, {"enum": ["a"]}, True, False),
    ({"const": "a"}, {}, False, True),
    ({"minimum": 1}, {"minimum": 2}, True, False),
    ({"minimum": 1}, {}, False, False),
    ({}, {"maxLength": 9}, True, False),
    ({"maxItems": 3}, {"maxItems": 4}, False, False),
    ({"format": "date"}, {"format": "date-time"}, True, True),
    ({"pattern": "^a"}, {}, False, False),
    ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "null"}]}, True, True),
    ({"items": {"type": "string"}}, {"items": {"type": "boolean"}}, True, True),
    ({"properties": {"a": {}}}, {"properties": {}}, False, True),
    ({"properties": {"a": {}}}, {"properties": {}, "additionalProperties": False}, True, True),
    ({"properties": {}}, {"properties": {"a": {}}}, False, False),
    ({"properties": {}}, {"properties": {"a": {}}, "required": ["a"]}, True, False),
    ({"properties": {"a": {}}}, {"properties": {"a": {}}, "required": ["a"]}, True, False),
    ({"properties": {"a": {}}, "required": ["a"]}, {"properties": {"a": {}}}, False, True),
    ({"additionalProperties": True}, {"additionalProperties": False}, True, False),
    ({"$ref": "#/components/schemas/word"}, {"type": "string"}, False, False),
    ({"$ref": "#/components/schemas/loop"}, {"type": "string"}, True, False),
    ({"$ref": "#/components/schemas/word"}, {"$ref": "#/components/schemas/word"}, False, False),
    ({"properties": {"a": {"properties": {"b": {}}}}}, {"properties": {"a": {}}}, False, True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_breaks_depends_on_the_way(case):
    old, new, breaks_request, breaks_answer = case
    shapes = Shapes(COMPONENTS, COMPONENTS)
    for way, breaks in (("request", breaks_request), ("response", breaks_answer)):
        found = list(shapes.compare(old, new, way))
        assert any(one.breaks for one in found) is breaks, [one.text for one in found]
        assert all(one.sign == "!" for one in found if one.breaks)


def test_every_difference_is_told_one_way_or_the_other():
    shapes = Shapes(COMPONENTS, COMPONENTS)
    same = {"additionalProperties", "$ref"}
    for old, new, *_ in CASES:
        if old != new and not same & {*old, *new}:
            assert list(shapes.compare(old, new, "request")), (old, new)


def document(operation: dict, schemas: dict | None = None) -> dict:
    said = {"x-addon": "x", "x-permission": "x.y", "responses": {}, **operation}
    paths = {"/a": {"parameters": [{"name": "id", "in": "path", "schema": {}}], "get": said}}
    addons = [{"name": "x", "version": "1"}, {"name": "other", "version": "1"}]
    api = {"paths": paths, "components": {"schemas": schemas or {}}}
    return {"format": 1, "addons": addons, "api": api}


def told(old: dict, new: dict, section: str = "api") -> list[str]:
    return [
        f"{one.symbol} {one.weight} {one.what}" + (f" ({one.detail})" if one.detail else "")
        for one in differences(old, new)
        if one.section == section
    ]


def answering(schema: dict, media: str = "application/json", **more: dict) -> dict:
    return {"responses": {"200": {"content": {media: {"schema": schema}}, **more}}}


def test_operations_are_compared_in_all_their_parts():
    old = {
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
        "requestBody": {"content": {"text/csv": {}, "application/json": {"schema": {}}}},
        "responses": {"200": {"headers": {"ETag": {}}}, "304": {}, "404": {}},
    }
    new = {
        "parameters": [
            {"name": "q", "in": "query", "required": True, "schema": {"type": "integer"}},
            {"name": "page", "in": "query", "required": True},
            {"name": "X-Kind", "in": "header"},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}}, "a/b": {}},
        },
        "responses": {"200": {}, "202": {}, "404": {}},
        "x-permission": "x.z",
    }
    assert told(document(old), document(new)) == [
        "! warning GET /a: permission (asks for x.z, formerly for x.y)",
        "! warning GET /a: parameter q is required now",
        "! warning GET /a: parameter q: type of it: string -> integer in requests",
        "! warning GET /a: parameter page is required",
        "+ info GET /a: parameter X-Kind (header)",
        "! warning GET /a: a request needs a body",
        "+ info GET /a: a/b in requests",
        "! warning GET /a: text/csv in requests gone",
        "! warning GET /a: header ETag dropped from answers",
        "~ info GET /a: may answer 202",
        "! notice GET /a: does not answer 304 any more",
    ]


def test_a_component_is_told_once_with_those_that_use_it():
    used = {"$ref": "#/components/schemas/page"}
    old = {"page": {"properties": {"item": {"$ref": "#/components/schemas/item"}}},
           "item": {"properties": {"a": {"type": "string"}, "b": {}}}}  # fmt: skip
    new = {**old, "item": {"properties": {"a": {"type": "string"}}}}
    many = document(answering(used), old)
    less = document(answering(used), new)
    for one in (many, less):
        for number in range(4):
            one["api"]["paths"][f"/b{number}"] = one["api"]["paths"]["/a"]
    assert told(many, less) == [
        "! warning item: field b dropped from answers (in GET /a, GET /b0, GET /b1 and 2 more)"
    ]


def test_fields_that_go_with_their_addon_break_no_promise_of_another():
    old = document(answering({"$ref": "#/components/schemas/item"}), {
        "item": {"properties": {"other": {"$ref": "#/components/schemas/part"}}},
        "part": COMPONENTS["schemas"]["part"],
    })  # fmt: skip
    new = document(answering({"$ref": "#/components/schemas/item"}), {"item": {"properties": {}}})
    new["addons"] = new["addons"][:1]
    assert told(old, new) == ["- notice item: field other dropped from answers (in GET /a)"]


def test_an_operation_that_is_gone_is_dangerous_unless_its_addon_went():
    old, new = document({}), document({})
    new["api"]["paths"] = {}
    assert told(old, new) == ["! danger GET /a gone (who calls it gets 404 or 405)"]
    new["addons"] = []
    assert told(old, new) == ["- info GET /a"]
    assert told(new, {**old, "addons": []}) == ["+ info GET /a"]


def test_a_new_public_operation_is_noticed():
    old, new = document({}), document({})
    new["api"]["paths"]["/open"] = {
        "get": {"x-addon": "x", "x-permission": "public", "responses": {}}
    }
    assert told(old, new) == ["+ notice GET /open (public)"]
