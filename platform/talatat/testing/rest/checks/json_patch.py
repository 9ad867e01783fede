"""JSON patch (RFC 6902): operations on the row as it is shown."""

from __future__ import annotations

from typing import Any

from talatat.testing.rest.case import Case, Row, want
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("json-patch", "create", needs=("patch", "get"), capability="json-patch")
TYPE = {"Content-Type": "application/json-patch+json"}


def _patch(case: Case, row: Row, *operations: Any) -> Answer:
    return case.write(row, "PATCH", list(operations), headers=dict(TYPE))


def _another(case: Case, row: Row) -> tuple[str, Any]:
    """A field and a value for it that the row has not."""
    name = case.changed_field(row)
    schema = case.kind.form("patch")["properties"][name]
    bodies = case.server.bodies(case.kind)
    return name, bodies.value(name, schema, bodies.number() + 700)


@of.check("json-patch-replace", "`replace` sets a field, and nothing else")
def replace(case: Case) -> None:
    name, value = _another(case, case.row())
    before = case.row()
    answer = _patch(case, before, {"op": "replace", "path": f"/{name}", "value": value}).must(200)
    documented(case, "patch", answer)
    want(answer.json[name] != before[name], f"{name} did not change", answer)
    written = case.kind.form("patch")["properties"]
    rest = {key for key in written if before.get(key) != answer.json.get(key)} - {name}
    want(not rest, f"{', '.join(sorted(rest))} changed as well", answer)


@of.check(
    "json-patch-test", "A `test` that holds lets the rest through; one that does not refuses it all"
)
def test_operation(case: Case) -> None:
    name, value = _another(case, case.row())
    row = case.row()
    change = {"op": "replace", "path": f"/{name}", "value": value}
    _patch(case, row, {"op": "test", "path": "/id", "value": row["id"]}, change).must(200)
    before = case.item(row)
    other = {"op": "test", "path": "/id", "value": case.strange_id()}
    answer = _patch(case, row, {**change, "value": row[name]}, other)
    answer.refuses(409, "patch_test_failed")
    want(case.item(row).json == before.json, "the row is another", answer)


@of.check("json-patch-empty", "No operation changes nothing")
def empty(case: Case) -> None:
    row = case.row()
    want(_patch(case, row).must(200).json == row, "the row is another")


@of.check("json-patch-malformed", "What is no operation is refused by its number")
def malformed(case: Case) -> None:
    row = case.row()
    wrong: list[Any] = [
        {}, {"op": "replace"}, {"op": "nonsense", "path": "/id"}, {"op": "replace", "path": "/id"}, "x", None, [],
        {"op": "move", "path": "/id"}, {"op": "test", "path": "id", "value": 1}, {"op": "remove", "path": 1},
    ]  # fmt: skip
    for one in wrong:
        answer = _patch(case, row, one).refuses(422)
        want(
            any(pointer.startswith("/0") for pointer in answer.pointers),
            "it does not name it",
            answer,
        )


@of.check("json-patch-nowhere", "A path that is not there is refused")
def nowhere(case: Case) -> None:
    row = case.row()
    for operation in (
        {"op": "remove", "path": "/no_such_field"}, {"op": "replace", "path": "/no_such_field", "value": 1},
        {"op": "add", "path": "/no_such_field", "value": 1}, {"op": "add", "path": "/no_such/deep/er", "value": 1},
        {"op": "copy", "from": "/no_such_field", "path": "/id"},
    ):  # fmt: skip
        _patch(case, row, operation).refuses(422)


@of.check("json-patch-read-only", "A read-only field is refused, by whatever operation")
def read_only(case: Case) -> None:
    row = case.row()
    _patch(case, row, {"op": "replace", "path": "/id", "value": case.strange_id()}).refuses(422)
    _patch(case, row, {"op": "remove", "path": "/id"}).refuses(422)


@of.check("json-patch-form", "An object, a text and a number are no JSON patch")
def form(case: Case) -> None:
    row = case.row()
    for raw in (b"{}", b'"x"', b"1", b"null"):
        case.write(row, "PATCH", raw, headers=dict(TYPE)).refuses(422)
    case.write(row, "PATCH", b"[", headers=dict(TYPE)).refuses(400, "malformed_json")


@of.check("json-patch-atomic", "Where one operation is refused none is done")
def atomic(case: Case) -> None:
    name, value = _another(case, case.row())
    before = case.item(case.row())
    change = {"op": "replace", "path": f"/{name}", "value": value}
    _patch(case, before.json, change, {"op": "remove", "path": "/no_such_field"}).must(422)
    want(case.item(before.json).json == before.json, "the row is another")


@of.check("json-patch-stale", "If-Match holds for it")
def stale(case: Case) -> None:
    row = case.row()
    headers = {**TYPE, "If-Match": '"0-0"'}
    case.write(row, "PATCH", [], headers=headers).refuses(412, "precondition_failed")


@of.check("json-patch-told", "A 415 tells that it is taken")
def told(case: Case) -> None:
    answer = case.write(case.row(), "PATCH", b"x", headers={"Content-Type": "text/plain"}).refuses(
        415
    )
    want(
        "application/json-patch+json" in (answer.header("Accept-Patch") or ""),
        "Accept-Patch has it not",
        answer,
    )
