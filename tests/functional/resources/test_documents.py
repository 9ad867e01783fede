"""The OpenAPI documents, `/api` and the pages for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from talatat.openapi import operations, references

OWNER = {"X-Role": "owner"}
THINGS = "/api/store/v1/things"


@pytest.fixture
def described(store_addons: Any, extender: Any, sqlite_url: str) -> Iterator[Any]:
    """Resources with an extension, and a service written by hand."""
    store_addons.write("stars", extender("stars"), requires=("store",))
    views = """
        import colander
        from cornice import Service
        from cornice.validators import colander_body_validator, colander_querystring_validator

        class Note(colander.MappingSchema):
            text = colander.SchemaNode(colander.String())

        class Asked(colander.MappingSchema):
            page = colander.SchemaNode(colander.Integer(), missing=1)

        notes = Service("notes", r"/api/hand/v2/notes/{number:\\d{1,3}}", description="Notes")

        @notes.get(permission="public", schema=Asked(), validators=(colander_querystring_validator,))
        def get_note(request):
            '''Read a note.'''

        @notes.put(permission="public", schema=Note(), validators=(colander_body_validator,))
        def put_note(request):
            '''Write a note.

            All of it.
            '''
        """
    init = "def includeme(config): config.scan('.views')"
    store_addons.write("hand", {"__init__.py": init, "views.py": views})
    with store_addons.composed("stars", "hand", url=sqlite_url) as system:
        yield system


def test_the_document_is_valid_and_every_operation_says_whose_it_is(described: Any) -> None:
    document = described.app.get("/api/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    found = list(operations(document["paths"]))
    names = [one["operationId"] for one in found]
    assert len(set(names)) == len(names)
    assert {"store.things.list", "store.things.sell", "store.boxes.patch", "hand.notes.replace",
            "talatat.openapi", "talatat.livez", "talatat.readyz"} <= set(names)  # fmt: skip
    for one in found:
        assert one["x-addon"] in {"talatat", "store", "stars", "hand"}
        assert any(status[0] in "45d" for status in one["responses"])
        assert one["summary"]
    for name, schema in document["components"]["schemas"].items():
        assert schema["x-addon"], name


def test_what_an_operation_can_fail_with_follows_from_what_it_takes(described: Any) -> None:
    paths = described.app.get("/api/openapi.json").json["paths"]

    def failures(path: str, method: str) -> str:
        return " ".join(one for one in paths[path][method]["responses"] if one >= "400")

    # An exact count takes a permission where the list itself is public.
    assert failures(THINGS, "get") == "400 401 403 406 429 431 500 503"
    assert failures(f"{THINGS}/{{id}}", "get") == "400 404 406 429 431 500 503"
    assert failures(THINGS, "post") == "400 401 403 406 408 409 413 415 422 429 431 500 503"
    boxes = "/api/store/v1/boxes/{id}"  # where If-Match is required
    assert failures(boxes, "delete") == "400 401 403 404 409 412 413 428 429 431 500 503"
    assert failures("/api/hand/v2/notes/{number}", "get") == "400 404 406 429 431 500 503 default"
    assert failures("/livez", "get") == "431 default"


def test_an_action_tells_its_own_codes_under_their_status(described: Any) -> None:
    document = described.app.get("/api/openapi.json").json
    responses = document["paths"][f"{THINGS}:sell"]["post"]["responses"]
    name = "store.things.sell.problem_409"
    assert responses["409"] == {"$ref": f"#/components/responses/{name}"}
    examples = document["components"]["responses"][name]["content"]["application/problem+json"]
    assert {"sold_out", "conflict"} <= set(examples["examples"])
    assert (
        "- `sold_out`: There are no more."
        in document["components"]["responses"][name]["description"]
    )


def test_extensions_are_schemas_of_the_addon_that_adds_them(described: Any) -> None:
    document = described.app.get("/api/openapi.json").json
    schemas = document["components"]["schemas"]
    assert schemas["store.things"]["properties"]["stars"] == {
        "$ref": "#/components/schemas/store.things.stars"
    }
    assert schemas["store.things.stars"]["x-addon"] == "stars"
    assert schemas["store.things.stars"]["properties"]["points"]["type"] == ["integer", "null"]
    assert schemas["store.things.create.stars"]["required"] == ["points"]


def test_bodies_are_told_with_limits_and_without_what_cannot_be_written(described: Any) -> None:
    schemas = described.app.get("/api/openapi.json").json["components"]["schemas"]
    create = schemas["store.things.create"]
    assert create["required"] == ["name"]
    assert create["additionalProperties"] is False
    assert "id" not in create["properties"]
    assert create["properties"]["name"] == {
        "type": "string", "description": "Its name", "minLength": 1, "maxLength": 60,
    }  # fmt: skip
    assert create["properties"]["rank"]["type"] == ["integer", "null"]
    assert create["properties"]["kind"]["enum"] == ["plain", "fancy"]
    assert "kind" not in schemas["store.things.patch"]["properties"]
    assert "required" not in schemas["store.things.patch"]
    assert schemas["store.things"]["properties"]["id"] == {
        "type": "string", "format": "uuid", "readOnly": True,
    }  # fmt: skip


def test_rows_and_pages_and_problems_fit_their_schemas(described: Any) -> None:
    document = described.app.get("/api/openapi.json").json
    body = {"name": "a", "price": {"amount": "1.00", "currency": "EUR"}, "stars": {"points": 1}}
    row = described.app.post_json(THINGS, body, headers=OWNER).json
    page = described.app.get(THINGS).json
    problem = described.app.get(f"{THINGS}?x=1", status=400).json

    def fits(value: Any, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)

    fits(row, "store.things")
    fits(page, "store.things.page")
    fits(problem, "problem")
    fits(body, "store.things.create")
    with pytest.raises(jsonschema.ValidationError):
        fits({"name": 5}, "store.things.create")


def test_security_says_what_is_open_and_what_needs_csrf(described: Any) -> None:
    paths = described.app.get("/api/openapi.json").json["paths"]
    assert paths[THINGS]["get"]["security"] == []
    assert paths[THINGS]["post"]["security"] == [{"bearer": []}, {"cookie": [], "csrf": []}]
    assert paths["/api/store/v1/boxes"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]
    assert paths[THINGS]["post"]["x-permission"] == "store.write"


def test_parameters_name_every_filter_and_operator(described: Any) -> None:
    operation = described.app.get("/api/openapi.json").json["paths"][THINGS]["get"]
    names = {one["name"] for one in operation["parameters"]}
    assert {"limit", "cursor", "sort", "fields", "q", "name", "name[prefix]", "rank[gte]", "box.label",
            "stars.points[lt]", "id"} <= names  # fmt: skip
    assert "rank[contains]" not in names


def test_actions_tell_their_bodies_and_their_problems(described: Any) -> None:
    document = described.app.get("/api/openapi.json").json
    paths, schemas = document["paths"], document["components"]["schemas"]
    sell = paths[f"{THINGS}:sell"]["post"]
    assert sell["summary"] == "Sell a new thing."
    assert "- `sold_out`: There are no more." in sell["description"]
    body = sell["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/store.things.sell.body"}
    assert schemas["store.things.sell.body"]["properties"]["quantity"] == {
        "type": "integer",
        "minimum": 1,
    }
    assert "201" in sell["responses"]
    assert paths[f"{THINGS}/{{id}}:retire"]["parameters"][0]["in"] == "path"


def test_services_written_by_hand_are_told(described: Any) -> None:
    document = described.app.get("/api/openapi.json").json
    paths, schemas = document["paths"], document["components"]["schemas"]
    notes = paths["/api/hand/v2/notes/{number}"]
    assert notes["put"]["summary"] == "Write a note."
    assert notes["put"]["description"].endswith("All of it.")
    body = notes["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/hand.note"}
    assert schemas["hand.note"]["properties"]["text"]["type"] == "string"
    assert [(one["name"], one["in"]) for one in notes["get"]["parameters"]] == [
        ("number", "path"), ("page", "query"),
    ]  # fmt: skip


def test_each_group_has_a_document_of_its_own(described: Any) -> None:
    document = described.app.get("/api/store/v1/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    assert all(path.startswith("/api/store/v1/") for path in document["paths"])
    assert "readiness" not in document["components"]["schemas"]
    for reference in references(document):
        _, _, kind, name = reference.split("/")
        assert name in document["components"][kind]
    described.app.get("/api/hand/v2/openapi.json", status=200)
    for path in ("/api/hand/v1/openapi.json", "/api/nobody/v1/openapi.json"):
        assert described.app.get(path, status=404).json["code"] == "not_found"


def test_api_lists_groups_versions_capabilities_and_limits(described: Any) -> None:
    found = described.app.get("/api").json
    groups = {group["name"]: group for group in found["groups"]}
    assert set(groups) == {"store", "hand"}
    version = groups["store"]["versions"][0]
    assert (version["version"], version["resources"]) == ("v1", ["boxes", "things"])
    described.app.get(version["openapi"], status=200)
    assert "cursor-paging" in found["capabilities"]
    assert found["limits"]["max_page_size"] == 500
    described.app.get(found["openapi"], status=200)
    described.app.get(found["docs"], status=200)


def test_documents_are_asked_for_again_by_etag(described: Any) -> None:
    for path in ("/api", "/api/openapi.json", "/api/store/v1/openapi.json"):
        tag = described.app.get(path).headers["ETag"]
        assert described.app.get(path, headers={"If-None-Match": tag}, status=304).body == b""
