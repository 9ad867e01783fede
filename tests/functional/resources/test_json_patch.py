"""PATCH with a JSON patch (RFC 6902): the row as it is shown, changed by operations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OWNER = {"X-Role": "owner"}
CLERK = {"X-Role": "clerk"}
THINGS = "/api/store/v1/things"
DETAILS = {"a": 1, "b": {"c": [1, 2, {"d": 3}]}, "x/y": "~"}


@pytest.fixture
def system(request: pytest.FixtureRequest, kept: Any) -> Any:
    """`store` with a sparse extension; what a patch does to a row is the same on both databases."""
    return kept.system(request, "sqlite", "stars")


def make(system: Any, **fields: Any) -> Any:
    body = {"name": "spoon", "rank": 3, "details": DETAILS, **fields}
    return system.app.post_json(THINGS, body, headers=OWNER, status=201).json


def patch(
    system: Any, row: Any, *operations: Any, status: int = 200, headers: Any = OWNER, **more: Any
) -> Any:
    return system.app.patch(
        f"{THINGS}/{row['id']}",
        json.dumps(more.get("document", operations)),
        headers={**headers, **more.get("extra", {})},
        content_type="application/json-patch+json",
        status=status,
    )


def op(kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": kind, "path": path, **more}


def only_error(response: Any) -> tuple[str, str]:
    (error,) = response.json["errors"]
    return error["pointer"], error["code"]


def test_operations_work_in_order_on_fields_maps_and_extensions(system: Any) -> None:
    row = make(system)
    changed = patch(
        system, row,
        op("test", "/name", value="spoon"),
        op("test", "/id", value=row["id"]),
        op("replace", "/name", value="fork"),
        op("add", "/details/b/c/1", value=None),
        op("copy", "/details/again", **{"from": "/details/b/c"}),
        op("move", "/details/moved", **{"from": "/details/x~1y"}),
        op("remove", "/rank"),
        op("add", "/price", value={"amount": "1.00", "currency": "EUR"}),
        op("replace", "/price/amount", value="2.50"),
        op("replace", "/stars/points", value=7),
    )  # fmt: skip
    found = changed.json
    assert (found["name"], found["rank"], found["shout"]) == ("fork", None, "FORK")
    listed = [1, None, 2, {"d": 3}]
    assert found["details"] == {"a": 1, "b": {"c": listed}, "again": listed, "moved": "~"}
    assert found["price"] == {"amount": "2.50", "currency": "EUR"}
    assert found["stars"] == {"points": 7, "note": None}
    assert system.app.get(f"{THINGS}/{row['id']}", headers=OWNER).json == found
    assert changed.headers["ETag"].startswith('"2.1-')
    assert "points" not in patch(system, row, op("remove", "/stars")).text.replace(
        '"points":null', ""
    )


def test_a_test_that_fails_is_409_and_leaves_everything(system: Any) -> None:
    row = make(system)
    replace = op("replace", "/name", value="fork")
    for path, value in (("/name", "knife"), ("/rank", "3"), ("/active", 1), ("/nowhere", 1),
                        ("/details/b/c/-", 1)):  # fmt: skip
        refused = patch(system, row, replace, op("test", path, value=value), status=409)
        assert refused.json["code"] == "patch_test_failed"
        assert only_error(refused) == ("/1", "patch_test_failed")
    assert system.app.get(f"{THINGS}/{row['id']}", headers=OWNER).json == row


@pytest.mark.parametrize(
    ("operation", "pointer", "code"),
    [
        (op("remove", "/nowhere"), "/0/path", "path"),
        (op("replace", "/details/z", value=1), "/0/path", "path"),
        (op("add", "/details/b/c/9", value=1), "/0/path", "path"),
        (op("add", "/details/b/c/01", value=1), "/0/path", "path"),
        (op("add", "/name/first", value=1), "/0/path", "path"),
        (op("remove", ""), "/0/path", "path"),
        (op("move", "/details/n", **{"from": "/nowhere"}), "/0/from", "path"),
        (op("copy", "/details/n", **{"from": "/details/b/c/-"}), "/0/from", "path"),
        (op("move", "/details/b/inside", **{"from": "/details/b"}), "/0/path", "path"),
        (op("add", "", value=[]), "/0/value", "type"),
        (op("merge", "/name", value=1), "/0/op", "choice"),
        (op("add", "name", value=1), "/0/path", "pattern"),
        (op("add", "/a~2", value=1), "/0/path", "pattern"),
        (op("add", "/name"), "/0/value", "required"),
        (op("copy", "/name"), "/0/from", "required"),
        ({"op": "add", "path": 5, "value": 1}, "/0/path", "type"),
        ({"op": ["add"], "path": "/name"}, "/0/op", "choice"),
        ("add", "/0", "type"),
        (op("replace", "/id", value="x"), "/0/value", "read_only"),
        (op("remove", "/created_at"), "/0", "read_only"),
        (op("add", "/colour", value="red"), "/0/value", "unknown"),
        (op("replace", "/name", value=""), "/0/value", "required"),
        (op("remove", "/name"), "/0", "required"),
        (op("replace", "/active", value=None), "/0/value", "null"),
        (op("replace", "/kind", value="fancy"), "/0/value", "create_only"),
        (op("add", "/stars", value={"points": -1}), "/0/value/points", "range"),
        (op("copy", "/rank", **{"from": "/name"}), "/0", "type"),
    ],
)
def test_what_is_wrong_points_into_the_patch_document(
    system: Any, operation: Any, pointer: str, code: str
) -> None:
    assert only_error(patch(system, make(system), operation, status=422)) == (pointer, code)


def test_permissions_of_fields_hold_for_what_a_patch_changes(system: Any) -> None:
    row = make(system, cost=5)
    by_clerk = {"status": 422, "headers": CLERK}
    assert only_error(patch(system, row, op("replace", "/cost", value=1), **by_clerk))[1] == "path"
    by_clerk["status"] = 409  # what one may not see cannot be found out by testing
    patch(system, row, op("test", "/cost", value=5), **by_clerk)
    by_clerk["status"] = 403
    assert only_error(patch(system, row, op("add", "/cost", value=1), **by_clerk)) == (
        "/0/value",
        "forbidden",
    )
    by_clerk["status"] = 200
    patch(system, row, op("replace", "/name", value="fork"), **by_clerk)
    assert system.app.get(f"{THINGS}/{row['id']}", headers=OWNER).json["cost"] == 5


def test_a_duplicate_and_a_rule_of_several_fields_point_to_the_operation(system: Any) -> None:
    make(system, code="taken", rank=None)
    row = make(system, kind="fancy")
    taken = patch(system, row, op("add", "/code", value="taken"), status=409)
    assert (taken.json["code"], only_error(taken)) == ("duplicate", ("/0/value", "duplicate"))
    assert only_error(patch(system, row, op("remove", "/rank"), status=422)) == ("/0", "invalid")


def test_preconditions_hold(system: Any) -> None:
    row = make(system)
    change = op("replace", "/name", value="fork")
    patch(system, row, change, status=412, extra={"If-Match": '"7.0-x"'})
    patch(system, row, change, extra={"If-Match": '"1.0-x"'})


def test_a_patch_cannot_grow_without_limit(system: Any) -> None:
    row = make(system, details={"a": "x" * 1000})
    whole = {"from": "/details"}
    doubling = [op("copy", f"/details/{at}", **whole) for at in range(99)]
    assert only_error(patch(system, row, *doubling, status=422))[1] in ("too_large", "too_deep")
    deeper = [op("copy", "/details" + "/a" * at, **whole) for at in range(1, 40)]
    assert only_error(patch(system, row, *deeper, status=422))[1] == "too_deep"
    row = make(system, details={"a": [0] * 100_000})
    there = op("move", "/details/b", **{"from": "/details/a"})
    back = op("move", "/details/a", **{"from": "/details/b"})
    patch(system, row, there, back)
    assert only_error(patch(system, row, *[there, back] * 50, status=422))[1] == "too_large"
    many = patch(system, row, *[op("test", "/name", value="spoon")] * 101, status=422)
    assert only_error(many) == ("", "length")
    assert only_error(patch(system, row, document={"name": "x"}, status=422)) == ("", "type")
    patch(system, row, *[op("test", "/name", value="spoon")] * 100)


VALUES: dict[str, Any] = {
    "name": st.sampled_from(["fork", "", None]),
    "rank": st.sampled_from([1, 2000, None]),
    "active": st.sampled_from([True, False, None]),
    "size": st.sampled_from(["1.25", None, 3.5]),
    "price": st.sampled_from([{"amount": "1.00", "currency": "EUR"}, {"amount": "x"}]),
    "kind": st.sampled_from(["plain", "fancy"]),
    "id": st.just("x"),
    "stars": st.sampled_from([None, {"points": 3}, {"note": "n", "points": 1}, {"note": "n"}]),
    "details": st.fixed_dictionaries(
        {},
        optional={
            "a": st.sampled_from([None, 2, {"z": 1}]),
            "b": st.sampled_from([None, {"c": None}, {"e": {"f": 1}}, 5]),
            "n": st.sampled_from([[1, None], {"deep": {"er": 1}}]),
        },
    ),
}


def as_operations(merge: dict[str, Any], shown: Any, path: str = "") -> list[Any]:
    """The JSON patch that means what a merge patch means for a document."""
    found = []
    for name, value in merge.items():
        where = f"{path}/{name}"
        if value is None:
            found += [op("remove", where)] if name in shown else []
        elif isinstance(value, dict) and isinstance(shown.get(name), dict):
            found += as_operations(value, shown[name], where)
        else:
            found.append(op("add", where, value=value))
    return found


@given(merge=st.fixed_dictionaries({}, optional=VALUES))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_json_patch_and_a_merge_patch_that_mean_the_same_leave_the_same_row(
    system: Any, merge: dict[str, Any]
) -> None:
    left, right = make(system), make(system)
    by_merge = system.app.patch_json(
        f"{THINGS}/{left['id']}", merge, headers=OWNER, expect_errors=True
    )
    by_operations = patch(system, right, *as_operations(merge, right), status=by_merge.status_int)
    if by_merge.status_int == 200:
        assert telling(by_merge.json) == telling(by_operations.json)


def telling(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("id", "created_at")}
