"""`:search`: trees of conditions against Python and against the query string, pages, and what is refused."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from sqlalchemy import delete, insert, text

from talatat.db import new_id
from talatat.errors import TalatatError
from talatat.problems import bad_parameter
from talatat.resources.listing.filters import custom_filter

THINGS = "/api/store/v1/things"
SEARCH = f"{THINGS}:search"
OWNER = {"X-Role": "owner"}
CLERK = {"X-Role": "clerk"}
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PROPERTY = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

VALUES: dict[str, list[Any]] = {
    "name": ["a", "A", "ab", "Äb", "b_", "b%", "a,b"],
    "rank": [-1, 0, 1, 7],
    "weight": [0.1, 0.30000000000000004, -1.5, 1e300],
    "size": [Decimal("0.00"), Decimal("1.50"), Decimal("-3.25")],
    "sold_at": [DAY, DAY + dt.timedelta(microseconds=1)],
    "active": [True, False],
    "details.colour": ["red", "7", "true"],
    "box.label": ["blue", "green"],
}
OPERATORS: dict[str, Any] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a is not None and a < b,
    "lte": lambda a, b: a is not None and a <= b,
    "gt": lambda a, b: a is not None and a > b,
    "gte": lambda a, b: a is not None and a >= b,
    "in": lambda a, b: a in b,
    "nin": lambda a, b: a not in b,
    "contains": lambda a, b: a is not None and b in a,
    "prefix": lambda a, b: a is not None and a.startswith(b),
    "isnull": lambda a, b: (a is None) == b,
}
ROWS = [
    {
        name: choose.choice([None, *values]) if name not in ("name", "active") else choose.choice(values)
        for name, values in VALUES.items()
    }
    for choose in [random.Random(11)]
    for _ in range(40)
]  # fmt: skip


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(VALUES)))
    ops = set(OPERATORS)
    if name == "active":
        ops = {"eq", "ne", "isnull"}
    elif name == "details.colour":  # a filter of the resource's own, which knows equality alone
        ops = {"eq"}
    elif name == "box.label":  # of related rows: there is one that ...
        ops = {"eq", "in", "prefix", "contains"}
    elif name == "name":  # which of two texts is less is up to the database's collation
        ops -= {"lt", "lte", "gt", "gte"}
    else:
        ops -= {"contains", "prefix"}
    op = draw(st.sampled_from(sorted(ops)))
    value = st.sampled_from(VALUES[name])
    if op == "isnull":
        value = st.booleans()
    elif op in ("in", "nin"):
        value = st.lists(value, max_size=3)
    return {"field": name, "op": op, "value": draw(value)}


TREES = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=8,
)


def holds(tree: dict[str, Any], row: dict[str, Any]) -> bool:
    """The oracle."""
    if "and" in tree:
        return all(holds(part, row) for part in tree["and"])
    if "or" in tree:
        return any(holds(part, row) for part in tree["or"])
    if "not" in tree:
        return not holds(tree["not"], row)
    return bool(OPERATORS[tree.get("op", "eq")](row[tree["field"]], tree["value"]))


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, dt.datetime) else value


def as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(as_text(one).replace(",", "\\,") for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(as_json(value))


def depth(tree: dict[str, Any]) -> int:
    below = [*tree.get("and", ()), *tree.get("or", ()), *([tree["not"]] if "not" in tree else ())]
    return 1 + max(map(depth, below), default=0)


@pytest.fixture
def full(store: Any) -> Any:
    """The rows, with their ids in `store.rows`."""
    things, boxes = (store.system.resources[f"store.{name}"].model for name in ("things", "boxes"))
    labels = {label: new_id() for label in VALUES["box.label"]}
    store.rows = [{**row, "id": new_id()} for row in ROWS]
    values = [
        {
            "version": 1, "kind": "plain", "cost": 0, "price_minor": 0, "currency": "EUR", "code": None,
            "box_id": labels.get(row["box.label"]), "details": {"colour": row["details.colour"]},
            **{name: value for name, value in row.items() if "." not in name},
        }
        for row in store.rows
    ]  # fmt: skip
    with store.session() as session:
        session.execute(delete(things))
        session.execute(insert(boxes), [{"id": made, "version": 1, "label": label, "owner": ""}
                                        for label, made in labels.items()])  # fmt: skip
        session.execute(insert(things), values)
    return store


def search(store: Any, status: int = 200, **body: Any) -> Any:
    return store.app.post_json(SEARCH, as_json(body), headers=CLERK, status=status).json


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["items"]]


def expected(store: Any, tree: dict[str, Any]) -> set[str]:
    return {row["id"] for row in store.rows if holds(tree, row)}


def test_a_tree_finds_exactly_what_it_says(full: Any) -> None:
    @PROPERTY
    @given(tree=TREES.filter(lambda tree: depth(tree) <= 8))
    def found(tree: dict[str, Any]) -> None:
        assert set(ids(search(full, where=tree, limit=500))) == expected(full, tree)

    found()


def test_conditions_side_by_side_find_what_the_query_string_finds(full: Any) -> None:
    @PROPERTY
    @given(
        tree=st.lists(
            leaves(), min_size=1, max_size=3, unique_by=lambda one: (one["field"], one["op"])
        )
    )
    def same(tree: list[dict[str, Any]]) -> None:
        # An empty list has no text of its own: it is the list of the empty text.
        asked = [one for one in tree if one["value"] != []]
        query = {
            one["field"] if one["op"] == "eq" else f"{one['field']}[{one['op']}]": as_text(
                one["value"]
            )
            for one in asked
        }
        listed = full.app.get(THINGS, {**query, "limit": 500, "sort": "-rank"}, headers=CLERK).json
        where = {"where": {"and": asked}} if asked else {}
        assert ids(search(full, **where, sort="-rank", limit=500)) == ids(listed)

    same()


def test_pages_lead_forth_and_back_by_cursors_in_the_body(full: Any) -> None:
    tree = {"not": {"field": "rank", "op": "lt", "value": 0}}
    asked = {"where": tree, "sort": "-weight", "limit": 4}
    whole = ids(search(full, **{**asked, "limit": 500}))
    page = search(full, **asked)
    assert (page["next"], page["prev"], page["prev_cursor"]) == (None, None, None)
    forth = ids(page)
    while page["next_cursor"]:
        page = search(full, **asked, cursor=page["next_cursor"])
        forth += ids(page)
    back = ids(page)
    while page["prev_cursor"]:
        page = search(full, **asked, cursor=page["prev_cursor"])
        back = ids(page) + back
    assert forth == back == whole
    assert set(whole) == expected(full, tree)


def test_a_cursor_belongs_to_its_search(full: Any) -> None:
    tree = {"field": "active", "value": True}
    cursor = search(full, where=tree, limit=2)["next_cursor"]
    search(
        full,
        where={"value": True, "op": "eq", "field": "active"},
        limit=3,
        cursor=cursor,
        fields="id",
    )
    for body in (
        {},
        {"where": tree, "sort": "-id"},
        {"where": {**tree, "value": False}},
        {"where": {"not": tree}},
    ):
        problem = search(full, 422, **body, cursor=cursor)
        assert problem["errors"] == [
            {
                "pointer": "/cursor",
                "code": "invalid_cursor",
                "detail": problem["errors"][0]["detail"],
            }
        ]
    listed = full.app.get(f"{THINGS}?active=true&limit=2").json["next"].rpartition("cursor=")[2]
    search(full, 422, where=tree, cursor=listed)
    full.app.get(f"{THINGS}?active=true&cursor={cursor}", status=400)


def test_the_rest_of_a_list_can_be_asked_too(full: Any) -> None:
    tree = {"or": [{"field": "active", "value": True}, {"field": "rank", "value": 7}]}
    found = expected(full, tree)
    counted = search(full, where=tree, count="estimated", fields="name", limit=1)
    assert set(counted["items"][0]) == {"name"}
    assert counted["count"] >= 0
    search_as_counter = full.app.post_json(SEARCH, {"where": tree, "count": "exact"}, status=401)
    assert search_as_counter.json["code"] == "unauthorized"
    full.system.security._patterns["counter"] = ("talatat.count",)
    page = full.app.post_json(
        SEARCH, {"where": tree, "count": "exact"}, headers={"X-Role": "counter"}
    )
    assert page.json["count"] == len(found)
    assert page.headers["Cache-Control"] == "no-store"
    ranked = search(full, where=tree, q="b", limit=500)
    assert set(ids(ranked)) == {
        row["id"] for row in full.rows if row["id"] in found and "b" in row["name"]
    }
    blind = full.app.post_json(
        SEARCH, {"where": tree, "limit": 500}, headers={"X-Blind": "yes"}
    ).json
    assert set(ids(blind)) == found & expected(full, {"field": "active", "op": "eq", "value": True})
    assert len(ids(search(full))) == 40


def faults(store: Any, body: Any, **headers: str) -> dict[str, str]:
    """{pointer: code} of a search that does not fit."""
    problem = store.app.post_json(SEARCH, body, headers=headers, status=422).json
    assert problem["code"] == "invalid"
    return {error["pointer"]: error["code"] for error in problem["errors"]}


def test_what_does_not_fit_is_told_with_pointers_into_the_body(store: Any) -> None:
    leaf = {"field": "name", "value": "a"}
    for where, told in (
        ([], {"": "type"}),
        ({}, {"/field": "required", "/value": "required"}),
        ({"field": "name"}, {"/value": "required"}),
        ({"field": 5, "value": 5}, {"/field": "type"}),
        ({"field": "colour", "value": 5}, {"/field": "choice"}),
        ({"field": "details.", "value": "x"}, {"/field": "choice"}),
        ({**leaf, "op": "like"}, {"/op": "choice"}),
        ({**leaf, "op": ["eq"]}, {"/op": "choice"}),
        ({**leaf, "case/less": 1}, {"/case~1less": "unknown"}),
        ({"field": "name", "value": 5}, {"/value": "invalid"}),
        ({"field": "name", "value": None}, {"/value": "invalid"}),
        ({"field": "rank", "value": "5"}, {"/value": "invalid"}),
        ({"field": "rank", "value": True}, {"/value": "invalid"}),
        ({"field": "rank", "value": 2**40}, {"/value": "invalid"}),
        ({"field": "rank", "op": "in", "value": 5}, {"/value": "type"}),
        ({"field": "rank", "op": "in", "value": [1, "x", None]}, {"/value/1": "invalid", "/value/2": "invalid"}),
        ({"field": "rank", "op": "in", "value": [1] * 201}, {"/value": "length"}),
        ({"field": "weight", "value": False}, {"/value": "invalid"}),
        ({"field": "active", "value": "true"}, {"/value": "invalid"}),
        ({"field": "rank", "op": "isnull", "value": "true"}, {"/value": "invalid"}),
        ({"field": "sold_at", "value": "yesterday"}, {"/value": "invalid"}),
        ({"field": "details.x", "value": {}}, {"/value": "invalid"}),
        ({"and": []}, {"/and": "type"}),
        ({"or": leaf}, {"/or": "type"}),
        ({"not": [leaf]}, {"/not": "type"}),
        ({"and": [leaf], "or": [leaf]}, {"/or": "unknown"}),
        ({"and": [leaf, {"not": {"field": "rank", "value": "x"}}, 5]},
         {"/and/1/not/value": "invalid", "/and/2": "type"}),
    ):  # fmt: skip
        expected = {f"/where{pointer}": code for pointer, code in told.items()}
        assert faults(store, {"where": where}) == expected, where
    for body, told in (
        ([], {"": "type"}),
        ({"colour": 1, "limit": "5", "sort": ["name"]}, {"/colour": "unknown", "/limit": "type", "/sort": "type"}),
        ({"limit": True}, {"/limit": "type"}),
        ({"limit": -1}, {"/limit": "invalid"}),
        ({"limit": 10**30}, {"/limit": "invalid"}),
        ({"sort": "colour"}, {"/sort": "invalid"}),
        ({"fields": "colour"}, {"/fields": "unknown_field"}),
        ({"expand": "colour"}, {"/expand": "unknown_relation"}),
        ({"q": " "}, {"/q": "invalid"}),
        ({"count": "all"}, {"/count": "invalid"}),
        ({"cursor": "x"}, {"/cursor": "invalid_cursor"}),
    ):  # fmt: skip
        assert faults(store, body) == told, body
    unranked = store.app.post_json(
        "/api/store/v1/boxes:search", {"q": "x"}, headers=OWNER, status=422
    )
    assert unranked.json["errors"][0]["pointer"] == "/q"


def test_syntax_is_400_and_a_search_takes_no_parameters(store: Any) -> None:
    json = {"Content-Type": "application/json"}
    assert store.app.post(SEARCH, "{", headers=json, status=400).json["code"] == "malformed_json"
    store.app.post(SEARCH, "{}", headers={"Content-Type": "text/plain"}, status=415)
    problem = store.app.post_json(f"{SEARCH}?limit=5", {}, status=400).json
    assert problem["code"] == "unknown_parameter"
    store.app.post_json(SEARCH, {}, headers={"Accept": "text/html"}, status=406)
    assert store.app.get(SEARCH, status=405).headers["Allow"] == "POST"
    store.app.post_json("/api/store/v1/things-search", {}, status=404)
    store.app.post_json("/api/store/v1/boxes:search", {}, status=401)


def test_searches_have_an_end(store: Any) -> None:
    leaf: Any = {"field": "details.x", "value": "1"}
    deep = leaf
    for _ in range(7):
        deep = {"or": [deep]}
    search(store, where=deep)
    assert faults(store, {"where": {"or": [deep]}}) == {"/where" + "/or/0" * 8: "too_deep"}
    search(store, where={"or": [leaf] * 100})
    assert faults(store, {"where": {"or": [{"and": [leaf] * 60}] * 3}}) == {
        "/where/or/1/and/40": "too_many"
    }
    values = {"field": "rank", "op": "in", "value": [1] * 200}
    search(store, where={"or": [values] * 10})
    assert faults(store, {"where": {"or": [values] * 20}}) == {"/where/or/10/value/0": "too_many"}


def test_a_field_that_may_not_be_read_is_no_filter(store: Any) -> None:
    body = {"where": {"field": "cost", "op": "gt", "value": 3}}
    problem = store.app.post_json(SEARCH, body, status=422).json
    assert "cost" not in problem["errors"][0]["detail"].partition("there are")[2]
    unknown = {"where": {"field": "colour", "op": "gt", "value": 3}}
    other = store.app.post_json(SEARCH, unknown, status=422).json
    assert problem["errors"] == [
        {**other["errors"][0], "detail": other["errors"][0]["detail"].replace("colour", "cost")}
    ]
    store.app.post_json(SEARCH, body, headers=OWNER, status=200)


def test_a_filter_of_an_addons_own_points_to_its_value(full: Any) -> None:
    queries = full.system.resources["store.things"].queries

    def picky(query: Any, name: str, op: str, value: str) -> Any:
        if value == "parameter":
            raise bad_parameter(name, "is refused")
        raise ValueError("is refused")

    before = queries.filters
    queries.filters = {**before, "name": custom_filter("name", picky)}
    try:
        for value in ("parameter", 5, 1.5, True):
            where = {"not": {"field": "name", "value": value}}
            assert faults(full, {"where": where}) == {"/where/not/value": "invalid"}
    finally:
        queries.filters = before


def test_a_search_keeps_no_answer_under_a_key(full: Any) -> None:
    key = {"Idempotency-Key": "one"}
    for limit in (1, 2):
        page = full.app.post_json(SEARCH, {"limit": limit}, headers=key).json
        assert len(ids(page)) == limit


def test_a_search_reads_beside_a_writer(store: Any) -> None:
    with store.session() as session:
        session.execute(text("UPDATE store_thing SET name = name"))
        search(store)  # on SQLite it would wait for the writer, in vain, if it began as one


@pytest.mark.parametrize(("level", "verb"), [("collection", "search"), ("item", "restore")])
def test_an_action_may_not_have_a_verb_of_the_platform(
    store_addons: Any, sqlite_url: str, level: str, verb: str
) -> None:
    path = store_addons.folder / store_addons.package("store") / "resources.py"
    action = {"collection": '@collection_action("count")', "item": '@item_action("retire")'}[level]
    path.write_text(path.read_text().replace(action, f'@{level}_action("{verb}")'))
    line = path.read_text()[: path.read_text().index(f'"{verb}"')].count("\n") + 1
    with (
        pytest.raises(
            TalatatError, match=rf":{verb} \(.*resources.py:{line}\) has a verb that the platform"
        ),
        store_addons.composed("store", url=sqlite_url),
    ):
        pass


def test_the_document_tells_the_search(store: Any) -> None:
    document = store.app.get("/api/openapi.json").json
    told = document["paths"][SEARCH]["post"]
    assert told["operationId"] == "store.things.search"
    assert told["x-permission"] == "public"
    assert {"200", "400", "401", "403", "415", "422"} <= told["responses"].keys()
    registry = Registry().with_resource("urn:api", Resource.from_contents(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}))  # fmt: skip
    schema = {"$ref": "urn:api#/components/schemas/store.things.search"}
    fits = Draft202012Validator(schema, registry=registry).is_valid

    @PROPERTY
    @given(tree=TREES)
    def accepted(tree: Any) -> None:
        assert fits({"where": as_json(tree), "limit": 5, "sort": "name"})

    accepted()
    for refused in (
        {"field": "name", "value": 5}, {"field": "colour", "value": "a"}, {"field": "name"}, {"and": []},
        {"field": "rank", "op": "contains", "value": "1"}, {"field": "active", "op": "in", "value": [True]},
        {"field": "rank", "op": "isnull", "value": 1}, {"field": "rank", "op": "in", "value": 1},
        {"and": [{"field": "name", "value": "a"}], "or": []},
    ):  # fmt: skip
        assert not fits({"where": refused}), refused
    assert not fits({"colour": 1})
    page = document["components"]["schemas"]["store.things.search_page"]
    assert {"items", "next", "prev", "next_cursor", "prev_cursor"} <= set(page["required"])
    # A client that sends a default for `sort` would undo the rank of `q`.
    (sort,) = (
        one for one in document["paths"][THINGS]["get"]["parameters"] if one["name"] == "sort"
    )
    assert "default" not in sort["schema"]
    assert sort["schema"]["x-default"] == sort["schema"]["examples"][0] == "id"
    limits = store.app.get("/api").json["limits"]
    assert (limits["max_search_depth"], limits["max_search_conditions"]) == (8, 100)


def test_no_body_makes_a_search_fail(full: Any) -> None:
    names = st.sampled_from([*VALUES, "id", "code", "kind", "details.", "box", "cost", ""])
    scalars = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
        st.sampled_from(["9" * 40, "1e400", "-0", 10**30, -(2**63), 1e308, "infinity", "2026-13-01T00:00:00Z"]),
    )  # fmt: skip
    leaf = st.fixed_dictionaries(
        {"field": names, "value": st.one_of(scalars, st.lists(scalars, max_size=2))},
        optional={"op": st.sampled_from([*OPERATORS, "like"])},
    )
    anything = st.recursive(
        st.one_of(leaf, scalars),
        lambda inner: st.one_of(
            st.dictionaries(
                st.sampled_from(["and", "or"]), st.lists(inner, max_size=2), min_size=1
            ),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=5,
    )
    members = {
        "where": anything, "sort": st.one_of(names, scalars), "limit": scalars, "count": scalars,
        "fields": scalars, "expand": scalars, "cursor": scalars, "q": scalars,
    }  # fmt: skip

    @PROPERTY
    @given(
        body=st.one_of(
            st.fixed_dictionaries({"where": anything}), st.fixed_dictionaries({}, optional=members)
        )
    )
    def answered(body: Any) -> None:
        answer = full.app.post_json(SEARCH, body, status="*")
        assert answer.status_int in (200, 401, 422), answer.text
        if answer.status_int == 422:
            pointers = [error["pointer"] for error in answer.json["errors"]]
            assert all(pointer == "" or pointer.startswith("/") for pointer in pointers)

    answered()
