"""validate_only: everything is checked and done, and nothing of it stays."""

from __future__ import annotations

from typing import Any

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("dry-run", "dry run, long work", capability="validate-only")
DRY = {"validate_only": "true"}


def _create(case: Case) -> Answer:
    def send(body: Any) -> Answer:
        return case.ask("POST", query=DRY, body=body)

    return case.server.bodies(case.kind).accepted("create", send, full=False)


@of.check(
    "dry-create",
    "A create with validate_only answers 200 with the row, and makes none",
    needs=("create", "list"),
)
def dry_create(case: Case) -> None:
    case.rows()
    before = [row["id"] for row in case.all(limit=500)]
    answer = _create(case).must(200)
    want(isinstance(answer.json, dict) and answer.json, "it shows no row", answer)
    want(answer.header("Location") is None, "it has a Location", answer)
    want([row["id"] for row in case.all(limit=500)] == before, "a row was made", answer)


@of.check("dry-create-again", "What was tried can then be done", needs=("create",))
def dry_create_again(case: Case) -> None:
    case.row()
    body = case.body()
    dry = case.ask("POST", query=DRY, body=body).must(200, 409, 422)
    done = case.ask("POST", body=body)
    want(
        (dry.status == 200) == (done.status == 201),
        f"tried it is {dry.status}, done {done.status}",
        done,
    )


@of.check("dry-refusals", "What would be refused is refused", needs=("create",))
def dry_refusals(case: Case) -> None:
    case.ask("POST", query=DRY, body={**case.body(), "no_such_field": 1}).refuses(
        422, "invalid", "/no_such_field"
    )
    case.ask("POST", query=DRY, body=b"{").refuses(400, "malformed_json")


@of.check(
    "dry-patch",
    "A patch with validate_only shows the row as it would be, and leaves it",
    needs=("patch", "get"),
)
def dry_patch(case: Case) -> None:
    row = case.row()
    name = case.changed_field(row)
    before = case.item(row).must(200)
    schema = case.kind.form("patch")["properties"][name]
    value = case.server.bodies(case.kind).value(name, schema, 951)
    answer = case.write(row, "PATCH", {name: value}, query=DRY).must(200)
    want(answer.json[name] != before.json[name], "it shows the row as it is", answer)
    after = case.item(row).must(200)
    want(after.json == before.json, "the row is another", after)
    want(after.header("ETag") == before.header("ETag"), "its ETag is another", after)


@of.check(
    "dry-put", "A PUT with validate_only leaves the row, and makes none", needs=("replace", "get")
)
def dry_put(case: Case) -> None:
    row = case.row()
    before = case.item(row).must(200)
    case.write(row, "PUT", case.same("replace", row), query=DRY).must(200)
    want(case.item(row).must(200).header("ETag") == before.header("ETag"), "the row is another")
    identifier = case.strange_id()
    case.item(identifier, "PUT", body=case.body("replace"), query=DRY)
    case.item(identifier).must(404)


@of.check(
    "dry-delete",
    "A delete with validate_only answers 204, and the row stays",
    needs=("delete", "create", "get"),
)
def dry_delete(case: Case) -> None:
    row = case.new()
    answer = case.write(row, "DELETE", None, query=DRY).must(204)
    want(answer.body == b"", "a 204 has a body", answer)
    want(case.item(row).must(200).json == row, "the row is another")
    case.item(case.strange_id(), "DELETE", query=DRY).must(404, 428)


@of.check("dry-conditions", "Preconditions hold for what is only tried", needs=("patch", "get"))
def dry_conditions(case: Case) -> None:
    row = case.row()
    case.item(row, "PATCH", body={}, query=DRY, headers={"If-Match": '"0-0"'}).refuses(
        412, "precondition_failed"
    )


@of.check(
    "dry-false", "validate_only=false does it; another word is refused", needs=("patch", "get")
)
def dry_false(case: Case) -> None:
    row = case.row()
    case.write(row, "PATCH", {}, query={"validate_only": "false"}).must(200)
    for word in ("", "1", "yes", "TRUE"):
        case.write(row, "PATCH", {}, query={"validate_only": word}).refuses(
            400, names="validate_only"
        )


@of.check("dry-not-for-reading", "A read does not know it", needs=("list",))
def dry_not_for_reading(case: Case) -> None:
    case.get(query=DRY).refuses(400, "unknown_parameter", "validate_only")


@of.check("dry-documented", "The document has it at every write", needs=())
def dry_documented(case: Case) -> None:
    seen = 0
    for name in ("create", "replace", "patch", "delete", "batch"):
        if name in case.kind.operations:
            seen += 1
            want("validate_only" in case.kind.parameters(name), f"{name} does not document it")
    if not seen:
        raise case.lacks("nothing writes it")
