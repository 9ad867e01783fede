"""`:batch`: many writes in one transaction, all or each for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
from sqlalchemy import event

from talatat.db import new_id

OWNER = {"X-Role": "owner"}
CLERK = {"X-Role": "clerk"}
THINGS = "/api/store/v1/things"
BATCH = f"{THINGS}:batch"


def send(system: Any, *items: Any, status: int = 200, headers: Any = OWNER, **more: Any) -> Any:
    query = more.pop("query", "")
    body = {"items": list(items), **more}
    return system.app.post_json(BATCH + query, body, headers=headers, status=status).json


def create(name: str, **fields: Any) -> dict[str, Any]:
    return {"operation": "create", "body": {"name": name, **fields}}


def on(row: Any, operation: str, **more: Any) -> dict[str, Any]:
    return {"operation": operation, "id": row["id"], **more}


def rows(system: Any) -> list[Any]:
    found: list[Any] = system.app.get(f"{THINGS}?sort=name", headers=OWNER).json["items"]
    return found


def names(system: Any) -> list[str]:
    return [row["name"] for row in rows(system)]


def make(system: Any, **fields: Any) -> Any:
    return system.app.post_json(THINGS, {"name": "spoon", **fields}, headers=OWNER, status=201).json


def test_each_operation_answers_as_a_request_of_its_own(posted: Any) -> None:
    one, two, three = make(posted), make(posted), make(posted)
    fresh = new_id()
    answer = send(
        posted,
        create("a", stars={"points": 3}),
        on(one, "replace", body={"name": "b"}),
        {"operation": "replace", "id": fresh, "body": {"name": "c"}},
        on(two, "patch", body={"name": "d"}, if_match='"1.0-x"'),
        on(two, "patch", body=[{"op": "test", "path": "/name", "value": "d"},
                               {"op": "replace", "path": "/rank", "value": 7}]),
        on(three, "delete"),
    )["items"]  # fmt: skip
    assert [one["status"] for one in answer] == [201, 200, 201, 200, 200, 204]
    assert (answer[0]["body"]["stars"]["points"], answer[2]["id"]) == (3, fresh)
    assert answer[5] == {"status": 204, "id": three["id"]}
    assert rows(posted) == sorted(
        (answer[at]["body"] for at in (0, 1, 2, 4)), key=lambda row: row["name"]
    )
    for row in answer[:5:4]:
        shown = posted.app.get(f"{THINGS}/{row['id']}", headers=OWNER)
        assert shown.headers["ETag"] == row["etag"]
    assert posted.post.committed[3:] == ["a", "b", "c", "d", "d"]


def test_item_499_of_500_that_fails_leaves_nothing(posted: Any) -> None:
    items = [create(f"n{at}") for at in range(500)]
    refused = send(posted, create("a"), create("", colour="red"), status=422)
    assert {one["pointer"] for one in refused["errors"]} == {
        "/items/1/body/name",
        "/items/1/body/colour",
    }
    items[499] = create("n499", code="n1")
    items[1] = create("n1", code="n1")
    refused = send(posted, *items, status=409)
    assert (refused["code"], refused["errors"][0]["pointer"]) == (
        "duplicate",
        "/items/499/body/code",
    )
    assert (rows(posted), posted.post.committed, posted.deliver()) == ([], [], 0)
    items[499] = create("n499")
    assert {one["status"] for one in send(posted, *items)["items"]} == {201}
    assert len(posted.post.committed) == 500


def test_what_fails_does_not_poison_the_others_where_they_are_not_atomic(posted: Any) -> None:
    row = make(posted, code="taken")
    posted.post.failing.append("bug")
    posted.post.committed.clear()
    answer = send(
        posted,
        create("a"),
        create("x", code="taken"),
        create("bug"),
        create("refused"),
        create("x", box_id=new_id()),
        on(row, "patch", body={"name": "y"}, if_match='"9-z"'),
        {"operation": "delete", "id": new_id()},
        {"operation": "delete", "id": "no id"},
        {"operation": "explode", "id": 5},
        create("b", code="new"),
        create("x", code="new"),
        5,
        on(row, "patch", body={"name": "z"}),
        atomic=False, status=207,
    )["items"]  # fmt: skip
    assert [one["status"] for one in answer] == [
        201, 409, 500, 409, 409, 412, 404, 404, 422, 201, 409, 422, 200
    ]  # fmt: skip
    codes = [one["problem"]["code"] for one in answer if "problem" in one]
    assert codes == [
        "duplicate", "internal_error", "conflict", "reference", "precondition_failed", "not_found",
        "not_found", "invalid", "duplicate", "invalid",
    ]  # fmt: skip
    assert answer[1]["problem"]["errors"][0]["pointer"] == "/items/1/body/code"
    assert answer[8]["problem"]["errors"][0]["pointer"] == "/items/8/operation"
    assert answer[5]["problem"]["current"]["name"] == "spoon"
    assert names(posted) == ["a", "b", "z"]
    assert posted.post.committed == ["a", "b", "z"]
    changes = posted.app.get(f"{THINGS}:changes?limit=500", headers=OWNER).json["items"]
    assert {one["item"]["name"] for one in changes if not one["deleted"]} == {"a", "b", "z"}


def test_a_hook_that_breaks_the_transaction_fails_its_item_and_one_that_ends_it_the_batch(
    posted: Any,
) -> None:
    # PostgreSQL refuses whatever follows a statement that failed, even if somebody looks away.
    swallowed = 500 if posted.system.database.dialect == "postgresql" else 201
    items = [create("a"), create("swallows"), create("b")]
    answer = send(posted, *items, atomic=False, status=207 if swallowed == 500 else 200)["items"]
    assert [one["status"] for one in answer] == [201, swallowed, 201]
    assert names(posted) == ["a", "b", *["swallows"] * (swallowed == 201)]
    for atomic in (True, False):
        send(posted, create("c"), create("ends"), create("d"), atomic=atomic, status=500)
    assert not {"c", "d", "ends"} & set(names(posted))


def test_one_id_is_worked_in_order(posted: Any) -> None:
    thing = {"id": new_id()}
    answer = send(
        posted,
        on(thing, "replace", body={"name": "a"}),
        on(thing, "patch", body={"rank": 1}),
        on(thing, "delete"),
        on(thing, "patch", body={"rank": 2}),
        on(thing, "replace", body={"name": "b"}),
        atomic=False, status=207,
    )["items"]  # fmt: skip
    assert [one["status"] for one in answer] == [201, 200, 204, 404, 201]
    assert (answer[1]["body"]["name"], answer[1]["body"]["rank"]) == ("a", 1)
    assert [(row["name"], row["rank"]) for row in rows(posted)] == [("b", None)]


def test_scope_and_permissions_of_fields_hold_for_items(posted: Any) -> None:
    hidden, row = make(posted, active=False), make(posted, cost=3)
    blind = {**CLERK, "X-Blind": "yes"}
    answer = send(
        posted,
        on(hidden, "patch", body={"name": "x"}),
        on(hidden, "replace", body={"name": "x"}),
        on(row, "patch", body={"cost": 1}),
        on(row, "patch", body={"name": "seen"}),
        atomic=False, status=207, headers=blind, query="?fields=name",
    )["items"]  # fmt: skip
    assert [one["status"] for one in answer] == [404, 404, 403, 200]
    assert answer[3]["body"] == {"name": "seen"}
    assert "cost" not in send(posted, on(row, "patch", body={}), headers=CLERK)["items"][0]["body"]
    send(posted, create("x"), headers={}, status=401)
    send(posted, create("x"), headers={"X-Role": "nobody"}, status=403)


def test_each_item_asks_for_its_own_operations_permission(
    store_addons: Any, sqlite_url: str
) -> None:
    resources = """
        from talatat.resources import Resource
        from PKG_store.models import Thing
        class Shelves(Resource):
            name = "shelves"
            model = Thing
            operations = ("get", "create", "patch")
            permissions = {"get": "public", "create": "store.boxes", "patch": "store.write_cost"}
        class Windows(Resource):
            name = "windows"
            model = Thing
            operations = ("list", "get")
            permissions = {"read": "public"}
        def includeme(config):
            config.add_resource(Shelves)
            config.add_resource(Windows)
        """
    store_addons.write("shelves", {"__init__.py": resources}, requires=("store",))
    with store_addons.composed("shelves", url=sqlite_url) as system:
        url = "/api/shelves/v1/shelves:batch"
        items = [{"operation": "create", "body": {"name": "a"}}]
        made = system.app.post_json(url, {"items": items}, headers=CLERK).json["items"][0]
        items = [on(made, "patch", body={"name": "b"})]
        system.app.post_json(url, {"items": items}, headers=CLERK, status=403)
        system.app.post_json(url, {"items": items}, status=401)
        system.app.post_json(url, {"items": items}, headers=OWNER, status=200)
        items = [on(made, "delete")]
        refused = system.app.post_json(url, {"items": items}, headers=OWNER, status=422).json
        assert refused["errors"][0]["pointer"] == "/items/0/operation"
        system.app.post_json("/api/shelves/v1/windows:batch", {"items": []}, status=404)
        paths = system.app.get("/api/openapi.json").json["paths"]
        assert paths[url]["post"]["x-permission"] == "authenticated"
        assert "/api/shelves/v1/windows:batch" not in paths


def test_a_batch_that_is_none_is_refused(posted: Any) -> None:
    item = create("x")
    for body, pointer in (
        ([item], ""),
        ({}, "/items"),
        ({"items": item}, "/items"),
        ({"items": [item], "atomic": "no"}, "/atomic"),
        ({"items": [item], "atomic": None}, "/atomic"),
        ({"items": [item], "more": 1}, "/more"),
        ({"items": [item, {"operation": "create"}]}, "/items/1/body"),
        ({"items": [{**item, "id": new_id()}]}, "/items/0/id"),
        ({"items": [{**item, "if_match": "*"}]}, "/items/0/if_match"),
        ({"items": [{"operation": "delete", "id": 5}]}, "/items/0/id"),
        ({"items": [{"operation": "patch", "id": "x", "if_match": 5, "body": {}}]}, "/items/0/if_match"),
        ({"items": [{"operation": ["create"], "body": {}}]}, "/items/0/operation"),
        ({"items": [{"operation": "create", "body": 5}]}, "/items/0/body"),
    ):  # fmt: skip
        refused = posted.app.post_json(BATCH, body, headers=OWNER, status=422).json
        assert refused["errors"][0]["pointer"] == pointer, body
    assert send(posted, *[item] * 501, status=422)["code"] == "too_many_items"
    assert send(posted, create("x" * 2**20), status=413)["code"] == "body_too_large"
    assert send(posted) == {"items": []}
    posted.app.post_json(f"{BATCH}?limit=5", {"items": []}, headers=OWNER, status=400)
    posted.app.get(BATCH, headers=OWNER, status=405)


def test_a_batch_can_be_tried(posted: Any) -> None:
    row = make(posted)
    posted.post.committed.clear()
    items = create("a"), on(row, "patch", body={"name": "b"}), on(row, "delete")
    answer = send(posted, *items, query="?validate_only=true")["items"]
    assert [(one["status"], one.get("etag")) for one in answer] == [
        (200, None),
        (200, None),
        (204, None),
    ]
    failing = send(
        posted, *items, create(""), atomic=False, query="?validate_only=true", status=207
    )
    assert [one["status"] for one in failing["items"]] == [200, 200, 204, 422]
    assert (rows(posted), posted.post.committed) == ([row], [])


def test_statements_grow_linearly(posted: Any) -> None:
    counts = []
    for many in (5, 10, 20):
        with counted(posted) as statements:
            send(posted, *[create(f"x{many}{at}") for at in range(many)], atomic=False)
        counts.append(len(statements))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


@contextmanager
def counted(system: Any) -> Iterator[list[str]]:
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *details: Any) -> None:
        found.append(statement)

    engine = system.system.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_the_document_tells_what_a_batch_takes_and_answers(posted: Any) -> None:
    document = posted.app.get("/api/openapi.json").json
    described = document["paths"][BATCH]["post"]
    assert {"200", "207", "401", "403", "404", "409", "412", "422"} <= set(described["responses"])
    row = make(posted)
    items = [create("a"), on(row, "patch", body={"rank": 1}), on(row, "delete", if_match="*")]
    answer = send(posted, *items, {"operation": "delete", "id": "x"}, atomic=False, status=207)
    for name, body in (("batch", {"items": items}), ("batch_result", answer)):
        schema = {"$ref": f"#/components/schemas/store.things.{name}", **document}
        jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(body)))
