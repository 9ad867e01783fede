"""Batch: many writes in one request, all or, if so asked, each for itself."""

from __future__ import annotations

from typing import Any

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("batch", "batch", needs=("batch", "create"), capability="batch")
WRONG = {"operation": "create", "body": {"no_such_field": 1}}


def _batch(case: Case, *items: Any, **said: Any) -> Answer:
    return case.ask("POST", ":batch", body={"items": list(items), **said})


def _create(case: Case) -> dict[str, Any]:
    case.row()  # what bodies are taken is known then
    return {"operation": "create", "body": case.body()}


def _ids(case: Case) -> set[str]:
    return {row["id"] for row in case.all(limit=500)}


@of.check("batch-creates", "A batch of creates makes all of them, and tells of each")
def creates(case: Case) -> None:
    items = [_create(case), _create(case)]
    answer = _batch(case, *items).must(200)
    documented(case, "batch", answer)
    found = answer.json["items"]
    want([one["status"] for one in found] == [201, 201], "not each is a 201", answer)
    for one in found:
        want(
            one["id"] and one["etag"] and one["body"]["id"] == one["id"],
            "an item lacks something",
            answer,
        )
        if "get" in case.kind.operations:
            there = case.item(one["id"]).must(200)
            want(there.json == one["body"], f"a GET shows {there.json}", answer)
            want(
                there.header("ETag") == one["etag"],
                f"a GET has the ETag {there.header('ETag')}",
                answer,
            )


@of.check(
    "batch-atomic",
    "Where one item fails nothing stays, and it is named",
    needs=("batch", "create", "list"),
)
def atomic(case: Case) -> None:
    first = _create(case)
    before = _ids(case)
    answer = _batch(case, first, WRONG).refuses(422, "invalid")
    want("/items/1/body/no_such_field" in answer.pointers, "it does not name the item", answer)
    want(_ids(case) == before, "rows were made", answer)


@of.check(
    "batch-not-atomic", "Not atomic, the good ones stay: 207", needs=("batch", "create", "list")
)
def not_atomic(case: Case) -> None:
    items = [_create(case), WRONG, _create(case)]
    before = _ids(case)
    answer = _batch(case, *items, atomic=False).must(207)
    documented(case, "batch", answer)
    found = answer.json["items"]
    want([one["status"] for one in found] == [201, 422, 201], "the statuses are others", answer)
    want(
        found[1].get("problem", {}).get("code") == "invalid",
        "the failed one has no problem",
        answer,
    )
    want(_ids(case) - before == {found[0]["id"], found[2]["id"]}, "other rows were made", answer)


@of.check(
    "batch-mixed",
    "Create, patch and delete go together, in their order",
    needs=("batch", "create", "patch", "delete"),
)
def mixed(case: Case) -> None:
    row = case.new()
    items = [
        _create(case),
        {"operation": "patch", "id": row["id"], "body": {}},
        {"operation": "delete", "id": row["id"]},
    ]
    for one in items[1:]:
        if case.requires_match("patch"):
            one["if_match"] = "*"
    answer = _batch(case, *items).must(200)
    want(
        [one["status"] for one in answer.json["items"]] == [201, 200, 204],
        "the statuses are others",
        answer,
    )
    if "get" in case.kind.operations:
        case.item(row).must(404, 410)


@of.check("batch-if-match", "An item's if_match holds", needs=("batch", "create", "patch"))
def if_match(case: Case) -> None:
    row = case.new()
    item = {"operation": "patch", "id": row["id"], "body": {}, "if_match": '"0-0"'}
    _batch(case, item).refuses(412, "precondition_failed")


@of.check("batch-form", "What is no batch is refused, with a place")
def form(case: Case) -> None:
    wrong: list[Any] = [
        {}, {"items": {}}, {"items": [1]}, {"items": [{}]}, {"items": [{"operation": "nonsense"}]}, {"items": [], "atomic": "yes"},
        {"items": [{"operation": "create"}]}, {"items": [], "no_such": 1}, [],
    ]  # fmt: skip
    for body in wrong:
        case.ask("POST", ":batch", body=body).refuses(422)


@of.check(
    "batch-nothing",
    "An item for a row that is not there is its 404",
    needs=("batch", "create", "delete"),
)
def nothing(case: Case) -> None:
    item: dict[str, Any] = {"operation": "delete", "id": case.strange_id()}
    answer = _batch(case, item, atomic=False).must(207)
    want(answer.json["items"][0]["status"] in (404, 428), "its status is another", answer)


@of.check("batch-limit", "More than 500 items are refused")
def limit(case: Case) -> None:
    _batch(case, *([WRONG] * 501)).must(422, 413, 400)


@of.check("batch-empty", "A batch of nothing does nothing")
def empty(case: Case) -> None:
    want(_batch(case).must(200).json["items"] == [], "it tells of something")


@of.check("batch-permission", "Each item asks for its operation's permission")
def permission(case: Case) -> None:
    if case.server.credentials.stranger is None or case.kind.permission("create") == "public":
        raise case.lacks("nobody is known who may do nothing, or all may create")
    body = {"items": [_create(case)]}
    case.ask("POST", ":batch", body=body, who="stranger").must(403, 404)
    case.ask("POST", ":batch", body=body, who=None).must(401)


@of.check(
    "batch-dry", "A batch with validate_only leaves nothing", needs=("batch", "create", "list")
)
def dry(case: Case) -> None:
    item = _create(case)
    before = _ids(case)
    case.ask("POST", ":batch", query={"validate_only": "true"}, body={"items": [item]}).must(200)
    want(_ids(case) == before, "a row was made")
