"""Merge patch (RFC 7396): what it names changes, null takes away, all else stays."""

from __future__ import annotations

from typing import Any

from talatat.testing.rest.case import Case, Row, want
from talatat.testing.rest.checks.create import wrong_values
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Family

of = Family("merge-patch", "create", needs=("patch",), capability="merge-patch")
MERGE = "application/merge-patch+json"


def _written(case: Case, row: Row) -> Row:
    """What of a row is written; what is derived from it may change with it."""
    fields = case.kind.form("patch").get("properties", {})
    return {name: value for name, value in row.items() if name in fields}


@of.check("patch-changes-one", "A patch changes the field that it names, and no other")
def patch_changes_one(case: Case) -> None:
    row = case.row()
    answer = case.change(row)
    documented(case, "patch", answer)
    name = case.changed_field(case.row())
    before, after = _written(case, row), _written(case, answer.json)
    changed = {key for key in before if before[key] != after[key]}
    want(name in changed, f"{name} did not change", answer)
    want(changed == {name}, f"{', '.join(sorted(changed - {name}))} changed as well", answer)


@of.check("patch-is-kept", "What a patch answers is what a GET shows", needs=("patch", "get"))
def patch_is_kept(case: Case) -> None:
    answer = case.change(case.row())
    again = case.item(answer.json).must(200)
    want(again.json == answer.json, f"a GET shows {again.json}", answer)
    want(again.header("ETag") == answer.header("ETag"), "a GET has another ETag", again)


@of.check("empty-patch", "An empty patch changes nothing")
def empty_patch(case: Case) -> None:
    row = case.row()
    answer = case.write(row, "PATCH", {}).must(200)
    want(answer.json == row, "the row is another", answer)


@of.check("patch-null", "null takes a field's value away, where it may be without one")
def patch_null(case: Case) -> None:
    row = case.new(full=True) if "create" in case.kind.operations else case.row()
    names = []
    for name, said in case.kind.form("patch").get("properties", {}).items():
        kinds = case.kind.resolved(said).get("type")
        if isinstance(kinds, list) and "null" in kinds and name in row:
            names.append(name)
    if not names:
        raise case.lacks("no field may be null")
    for name in names:
        answer = case.write(row, "PATCH", {name: None}).must(200, 409, 422)
        want(answer.status != 200 or answer.json[name] is None, f"{name} stays", answer)


@of.check("patch-null-required", "null for a required field is refused", needs=("patch", "create"))
def patch_null_required(case: Case) -> None:
    row = case.row()
    patchable = case.kind.form("patch").get("properties", {})
    names = []
    for name in case.kind.form("create").get("required", ()):
        kinds = case.kind.resolved(patchable.get(name, {})).get("type")
        if isinstance(kinds, str):
            names.append(name)
    if not names:
        raise case.lacks("no field is required")
    for name in names:
        case.write(row, "PATCH", {name: None}).refuses(422, names=f"/{name}")


@of.check("patch-unknown-member", "An unknown field is refused")
def patch_unknown(case: Case) -> None:
    row = case.row()
    values: tuple[object, ...] = (1, None, {})
    for value in values:
        case.write(row, "PATCH", {"no_such_field": value}).refuses(422, "invalid", "/no_such_field")


@of.check("patch-read-only", "A read-only field is refused")
def patch_read_only(case: Case) -> None:
    row = case.row()
    for name, said in case.kind.properties.items():
        if said.get("readOnly"):
            case.write(row, "PATCH", {name: row.get(name)}).refuses(422, "invalid", f"/{name}")


@of.check("patch-create-only", "What is set at creation only does not change")
def patch_create_only(case: Case) -> None:
    create = case.kind.form("create").get("properties", {})
    patch = case.kind.form("patch").get("properties", {})
    names = [one for one in create if one not in patch and one in case.kind.properties]
    if not names:
        raise case.lacks("nothing is set at creation only")
    row = case.row()
    for name in names:
        value = case.strange_id() if create[name].get("format") == "uuid" else "another"
        answer = case.write(row, "PATCH", {name: value}).refuses(422)
        want(f"/{name}" in answer.pointers, f"it does not name {name}", answer)


@of.check("patch-wrong-type", "A value of another type is refused, for every field")
def patch_wrong_type(case: Case) -> None:
    row = case.row()
    for name, value in wrong_values(case, "patch"):
        answer = case.write(row, "PATCH", {name: value}).refuses(422, "invalid")
        want(
            any(one.startswith(f"/{name}") for one in answer.pointers),
            f"it does not name {name}",
            answer,
        )


@of.check("patch-is-an-object", "A patch that is no object is refused")
def patch_is_an_object(case: Case) -> None:
    row = case.row()
    for raw in (b"[]", b"null", b'"x"', b"1"):
        case.write(row, "PATCH", raw).refuses(422, "invalid")


@of.check(
    "patch-types", "A merge patch is read as application/merge-patch+json and as application/json"
)
def patch_types(case: Case) -> None:
    row = case.row()
    for kind in (MERGE, "application/json", f"{MERGE}; charset=utf-8", MERGE.upper()):
        case.write(row, "PATCH", {}, headers={"Content-Type": kind}).must(200)


@of.check("patch-other-type", "Another content type is a 415 that tells Accept-Patch", row="status")
def patch_other_type(case: Case) -> None:
    answer = case.write(case.row(), "PATCH", b"x=1", headers={"Content-Type": "text/plain"})
    answer.refuses(415, "unsupported_media_type")
    want(MERGE in (answer.header("Accept-Patch") or ""), "it has no Accept-Patch", answer)


@of.check("patch-nothing", "A patch of what is not there is a 404, and makes nothing")
def patch_nothing(case: Case) -> None:
    identifier = case.strange_id()
    case.item(identifier, "PATCH", body={}, headers={"If-Match": ""}).must(404)
    if "get" in case.kind.operations:
        case.item(identifier).must(404)


@of.check("patch-merges", "An object in a patch is merged into the row's, at every depth")
def patch_merges(case: Case) -> None:
    def open_map(_: str, said: Any) -> bool:
        return "object" in str(said.get("type")) and said.get("additionalProperties") is True

    name, _ = case.field(open_map, "patch")
    row = case.row()
    first = case.write(row, "PATCH", {name: {"one": "1", "two": "2"}})
    if first.status != 200:
        raise case.lacks(f"{name} has rules of its own")
    answer = case.write(row, "PATCH", {name: {"two": None, "three": "3"}}).must(200)
    want(answer.json[name].get("one") == "1", "what it does not name is gone", answer)
    want("two" not in answer.json[name], "what it takes away is there", answer)
    want(answer.json[name].get("three") == "3", "what it adds is not there", answer)


@of.check(
    "refused-patch-changes-nothing",
    "A patch that is refused changes nothing",
    needs=("patch", "get"),
)
def refused_patch(case: Case) -> None:
    row = case.row()
    name = case.changed_field(row)
    before = case.item(row)
    value = case.server.bodies(case.kind).value(
        name, case.kind.form("patch")["properties"][name], 991
    )
    case.write(row, "PATCH", {name: value, "no_such_field": 1}).must(422)
    after = case.item(row)
    want(after.json == before.json, "the row is another", after)
    want(after.header("ETag") == before.header("ETag"), "its ETag is another", after)
