"""Delete: 204, and then there is nothing."""

from __future__ import annotations

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family

of = Family("deleting", "delete", needs=("delete", "create"))


@of.check("delete-204", "A delete answers 204 without a body")
def delete_204(case: Case) -> None:
    answer = case.write(case.new(), "DELETE", None).must(204)
    want(answer.body == b"", "a 204 has a body", answer)
    want(answer.header("Content-Type") is None, "a 204 has a Content-Type", answer)


@of.check("deleted-is-gone", "What was deleted is a 404 for every method")
def deleted_is_gone(case: Case) -> None:
    row = case.new()
    case.write(row, "DELETE", None).must(204)
    for operation, method, body in (
        ("get", "GET", None),
        ("patch", "PATCH", {}),
        ("delete", "DELETE", None),
    ):
        if operation in case.kind.operations:
            answer = case.item(row, method, body=body).must(404, 410)
            want(answer.content_type == "application/problem+json", "it is no problem", answer)


@of.check(
    "deleted-is-not-listed", "What was deleted is in no list", needs=("delete", "create", "list")
)
def deleted_is_not_listed(case: Case) -> None:
    row = case.new()
    case.write(row, "DELETE", None).must(204)
    if "id" in case.kind.filters:
        want(case.get(query={"id": row["id"]}).must(200).json["items"] == [], "the list shows it")
    want(row["id"] not in [one["id"] for one in case.all(limit=500)], "the list shows it")


@of.check("delete-nothing", "A delete of what is not there is a 404")
def delete_nothing(case: Case) -> None:
    case.item(case.strange_id(), "DELETE").must(404, 428)


@of.check("delete-takes-no-body", "A body that a delete does not take is refused")
def delete_takes_no_body(case: Case) -> None:
    row = case.new()
    case.write(row, "DELETE", {"id": row["id"]}).refuses(400, "unexpected_body")
    if "get" in case.kind.operations:
        case.item(row).must(200)


@of.check("delete-no-parameters", "A parameter that a delete does not take is refused")
def delete_no_parameters(case: Case) -> None:
    row = case.new()
    answer = case.write(row, "DELETE", None, query={"force": "true"})
    answer.refuses(400, "unknown_parameter", "force")


@of.check("delete-stale", "A delete with a stale If-Match is refused", needs=("delete", "create"))
def delete_stale(case: Case) -> None:
    row = case.new()
    case.write(row, "DELETE", None, headers={"If-Match": '"0-0"'}).refuses(
        412, "precondition_failed"
    )
    case.write(row, "DELETE", None).must(204)


@of.check("delete-one", "A delete takes one row, and no other", needs=("delete", "create", "list"))
def delete_one(case: Case) -> None:
    row = case.new()
    before = {one["id"] for one in case.all(limit=500)}
    case.write(row, "DELETE", None).must(204)
    after = {one["id"] for one in case.all(limit=500)}
    want(before - after == {row["id"]}, f"{len(before - after)} rows are gone")
