"""A type that says a name is told once in a document, whatever is said of the fields of it."""

from typing import Any

from talatat.describing.sharing import share
from talatat.schema.document import SHARED

REF = {"$ref": "#/components/schemas/size"}


def size(**more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"cm": {"type": "number"}}, SHARED: "size", **more}


def shared(**properties: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What becomes of the properties of a schema, and of the components."""
    components: dict[str, dict[str, Any]] = {"schemas": {"box": {"properties": properties}}}
    share({}, components)
    return components["schemas"].pop("box")["properties"], components["schemas"]


def test_fields_refer_to_one_schema_and_keep_what_is_said_of_them() -> None:
    found, schemas = shared(
        inner=size(description="Inside"), outer=size(type=["object", "null"], default=None)
    )
    assert found["inner"] == {**REF, "description": "Inside"}
    assert found["outer"] == {"anyOf": [REF, {"type": "null"}], "default": None}
    assert schemas == {
        "size": {"type": "object", "properties": {"cm": {"type": "number"}}, "x-addon": "talatat"}
    }


def test_a_schema_that_differs_from_its_namesake_stays_where_it_is() -> None:
    other = size(properties={"inch": {"type": "number"}})
    found, schemas = shared(inner=size(), outer=other)
    assert found["inner"] == REF
    assert found["outer"] == {"type": "object", "properties": {"inch": {"type": "number"}}}
    assert list(schemas) == ["size"]


def test_a_property_may_be_called_like_the_mark() -> None:
    found, schemas = shared(inner={"type": "object", "properties": {SHARED: {"type": "string"}}})
    assert found["inner"]["properties"] == {SHARED: {"type": "string"}}
    assert schemas == {}
