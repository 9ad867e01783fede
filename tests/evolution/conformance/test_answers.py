"""Answers compared with what their operations say."""

import pytest
from webob import Response

from talatat.testing.conformance.answers import wrong_answer, wrong_value

THING = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "size": {"type": ["integer", "null"], "enum": [1, 2, None]},
    },
    "additionalProperties": False,
}
DOCUMENT = {
    "components": {
        "schemas": {"thing": THING},
        "responses": {
            "problem": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
        },
    }
}
OPERATION = {
    "responses": {
        "200": {"content": {"application/json": {"schema": {"type": "array", "items": {
            "$ref": "#/components/schemas/thing"}}}}},
        "204": {"description": "Deleted"},
        "default": {"$ref": "#/components/responses/problem"},
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"id": "a"}, None),
        ({"id": "a", "size": None}, None),
        ({"id": 1}, "thing.id is 1, which is not of type string"),
        ({"id": "a", "size": True}, "thing.size is True, which is not of type integer or null"),
        ({"id": "a", "size": 3}, "thing.size is 3, which is none of 1, 2, None"),
        ({}, "thing has no 'id'"),
        ({"id": "a", "more": 1}, "thing.more is not documented"),
        ("x" * 100, f"thing is '{'x' * 56}..., which is not of type object"),
    ],
)
def test_a_value_is_compared_with_its_schema(value, said):
    found = list(wrong_value(DOCUMENT, THING, value, "thing"))
    assert found == ([] if said is None else [said])


def test_one_of_several_schemas_is_enough():
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert list(wrong_value(DOCUMENT, schema, None, "it")) == []
    assert list(wrong_value(DOCUMENT, schema, 1, "it")) == ["it is 1, which is not of type string"]


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (Response(json_body=[{"id": "a"}]), None),
        (Response(json_body=[{"id": 1}]), "the answer[0].id is 1, which is not of type string"),
        (
            Response("hello", content_type="text/plain"),
            "it answers text/plain; documented are application/json",
        ),
        (Response(status=204, content_type=None), None),
        (Response(status=201, json_body={}), "it answers 201, which is not documented"),
        (Response(status=404, json_body={}, content_type="application/problem+json"), None),
    ],
)
def test_an_answer_is_compared_with_its_operation(response, said):
    found = list(wrong_answer(DOCUMENT, OPERATION, response))
    assert found == ([] if said is None else [said])


def test_an_operation_that_documents_no_problem_may_answer_none():
    operation = {"responses": {"200": {}}}
    found = list(wrong_answer(DOCUMENT, operation, Response(status=500)))
    assert found == ["it answers 500, and no problem is documented"]
