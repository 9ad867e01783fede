"""Lists: pages in every order forth and back, filters against Python, and how many statements they take."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, insert

from talatat.db import new_id

THINGS = "/api/store/v1/things"
CLERK = {"X-Role": "clerk"}
OWNER = {"X-Role": "owner"}
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PROPERTY = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

# Few different values, so that ties and NULLs come up all the time.
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "A", "ab", "Äb", "b_", "b%", "ß", " "]),
            "rank": st.sampled_from([None, -1, 0, 1, 2]),
            "weight": st.sampled_from([None, 0.1, 0.30000000000000004, -1.5, 1e300]),
            "size": st.sampled_from([None, Decimal("0.00"), Decimal("1.50"), Decimal("-3.25")]),
            "sold_at": st.sampled_from([None, DAY, DAY + dt.timedelta(microseconds=1)]),
            "active": st.booleans(),
        }
    ),
    max_size=23,
)
SORTS = st.lists(
    st.sampled_from(["name", "rank", "weight", "size", "sold_at", "code"]), unique=True, max_size=3
).flatmap(lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names)))


def fill(store: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace all things by `rows`; returns them with their ids, in no order."""
    model = store.system.resources["store.things"].model
    values = [
        {"id": new_id(), "version": 1, "kind": "plain", "cost": 0, "price_minor": 0, "currency": "EUR",
         "details": {}, "code": None, "box_id": None, **row}
        for row in rows
    ]  # fmt: skip
    random.Random(7).shuffle(values)
    with store.session() as session:
        session.execute(delete(model))
        if values:
            session.execute(insert(model), values)
            store.system.models.fill(session, model)
    return values


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["items"]]


def ordered(rows: list[dict[str, Any]], sort: tuple[str, ...], names: dict[str, int]) -> list[str]:
    """The oracle: NULL is greater than everything, the id decides last, in the direction of the last key."""
    keys = [*sort, "-id" if sort and sort[-1].startswith("-") else "id"]
    found = list(rows)
    for key in reversed(keys):
        name = key.lstrip("-")

        def value(row: dict[str, Any], name: str = name) -> Any:
            given = names[row["name"]] if name == "name" else row[name]
            return (given is None, 0 if given is None else given)

        found.sort(key=value, reverse=key.startswith("-"))
    return [row["id"] for row in found]


def collated(store: Any) -> dict[str, int]:
    """The order of names in this database, whose collation is its own business."""
    names = ["a", "A", "ab", "Äb", "b_", "b%", "ß", " "]
    fill(store, [{"name": name, "active": True} for name in names])
    page = store.app.get(f"{THINGS}?sort=name&limit=50").json
    return {row["name"]: at for at, row in enumerate(page["items"])}


def test_paging_visits_each_row_once_in_order_forth_and_back(store: Any) -> None:
    names = collated(store)

    @PROPERTY
    @given(rows=ROWS, sort=SORTS, limit=st.integers(1, 7))
    def holds(rows: list[dict[str, Any]], sort: tuple[str, ...], limit: int) -> None:
        expected = ordered(fill(store, rows), sort, names)
        query = {"limit": limit, **({"sort": ",".join(sort)} if sort else {})}
        page = store.app.get(f"{THINGS}?{urlencode(query)}").json
        assert page["prev"] is None
        forth, pages = ids(page), [page]
        while page["next"]:
            page = store.app.get(page["next"]).json
            assert page["items"], "a next page is never empty"
            pages.append(page)
            forth += ids(page)
        assert forth == expected
        back = ids(page)
        while page["prev"]:
            page = store.app.get(page["prev"]).json
            back = ids(page) + back
        assert back == expected
        assert [ids(page) for page in pages[:-1]] == [
            expected[at : at + limit] for at in range(0, limit * (len(pages) - 1), limit)
        ]

    holds()


def test_a_page_whose_rows_have_vanished_leads_back(store: Any) -> None:
    rows = fill(store, [{"name": "a", "active": True} for _ in range(4)])
    first = store.app.get(f"{THINGS}?limit=2").json
    model = store.system.resources["store.things"].model
    with store.session() as session:
        session.execute(delete(model).where(model.id.not_in(ids(first))))
    empty = store.app.get(first["next"]).json
    assert (empty["items"], empty["next"]) == ([], None)
    assert ids(store.app.get(empty["prev"]).json) == ids(first)
    assert len(rows) == 4


def test_link_headers_say_the_same(store: Any) -> None:
    fill(store, [{"name": "a", "active": True} for _ in range(5)])
    first = store.app.get(f"{THINGS}?limit=2&active=true")
    assert first.headers["Link"] == f'<{first.json["next"]}>; rel="next"'
    second = store.app.get(first.json["next"])
    assert second.headers["Link"] == (
        f'<{second.json["next"]}>; rel="next", <{second.json["prev"]}>; rel="prev"'
    )


def test_a_cursor_belongs_to_its_query_and_its_server(store: Any) -> None:
    fill(store, [{"name": "a", "active": True} for _ in range(5)])
    following = store.app.get(f"{THINGS}?limit=2&sort=name").json["next"]
    cursor = following.rpartition("cursor=")[2]
    for query in ("", "sort=-name", "sort=name&active=true", "sort=name,rank"):
        problem = store.app.get(f"{THINGS}?{query}&cursor={cursor}", status=400).json
        assert problem["code"] == "invalid_cursor"
    # The size of a page and the fields shown may change on the way.
    store.app.get(f"{THINGS}?sort=name&limit=3&fields=id&cursor={cursor}", status=200)


def test_limits_are_capped(store: Any) -> None:
    fill(store, [{"name": "a", "active": True} for _ in range(510)])
    assert len(ids(store.app.get(THINGS).json)) == 50
    assert len(ids(store.app.get(f"{THINGS}?limit=100000").json)) == 500


def test_all_filters_together_have_an_end(store: Any) -> None:
    query = {f"details.{number}[in]": ",".join("1" * 200) for number in range(11)}
    problem = store.app.get(f"{THINGS}?{urlencode(query)}", status=400).json
    assert problem["errors"][0]["parameter"] == "details.10[in]"
    assert "more than 2000 values" in problem["detail"]


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
VALUES: dict[str, list[Any]] = {
    "name": ["a", "A", "b", "Ä", "_", "%", "", "ab", "ß"],
    "rank": [-1, 0, 2, 7],
    "weight": [0.1, 0.30000000000000004, -1.5, 0.0],
    "size": [Decimal(0), Decimal("1.5"), Decimal("9.99")],
    "sold_at": [DAY, DAY + dt.timedelta(microseconds=1), DAY - dt.timedelta(days=1)],
    "active": [True, False],
}


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, str, Any]:
    name = draw(st.sampled_from(sorted(VALUES)))
    ops = ["eq", "ne", "isnull"] if name == "active" else list(OPERATORS)
    if name != "name":
        ops = [op for op in ops if op not in ("contains", "prefix")]
    # Which of two texts is less is up to the database's collation.
    ops = [op for op in ops if name != "name" or op not in ("lt", "lte", "gt", "gte")]
    op = draw(st.sampled_from(ops))
    if op == "isnull":
        return name, op, draw(st.booleans())
    value = st.sampled_from(VALUES[name])
    return name, op, draw(st.lists(value, min_size=1, max_size=3) if op in ("in", "nin") else value)


def written(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(written(one).replace(",", "\\,") for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def test_filters_agree_with_python(store: Any) -> None:
    @PROPERTY
    @given(
        rows=ROWS, asked=st.lists(conditions(), min_size=1, max_size=3, unique_by=lambda c: c[:2])
    )
    def holds(rows: list[dict[str, Any]], asked: list[tuple[str, str, Any]]) -> None:
        made = fill(store, rows)
        query = {
            name if op == "eq" else f"{name}[{op}]": written(value) for name, op, value in asked
        }
        page = store.app.get(f"{THINGS}?{urlencode(query)}").json
        expected = {
            row["id"]
            for row in made
            if all(OPERATORS[op](row[name], value) for name, op, value in asked)
        }
        assert set(ids(page)) == expected

    holds()


def test_commas_in_values_are_written_with_a_backslash(store: Any) -> None:
    made = fill(store, [{"name": name, "active": True} for name in ("a,b", "a", "b")])
    page = store.app.get(f"{THINGS}?" + urlencode({"name[in]": "a\\,b,b"})).json
    assert set(ids(page)) == {row["id"] for row in made if row["name"] != "a"}


def test_related_rows_and_open_maps_can_be_filtered(store: Any) -> None:
    box = store.app.post_json("/api/store/v1/boxes", {"label": "blue"}, headers=OWNER).json
    made = fill(
        store,
        [
            {"name": "a", "active": True, "box_id": box["id"], "details": {"The Colour": "red"}},
            {"name": "b", "active": True},
        ],
    )
    inside = [row["id"] for row in made if row["box_id"]]
    assert ids(store.app.get(f"{THINGS}?box.label=blue", headers=CLERK).json) == inside
    assert (
        ids(store.app.get(f"{THINGS}?box.label[prefix]=bl&box_id={box['id']}", headers=CLERK).json)
        == inside
    )
    assert ids(store.app.get(f"{THINGS}?box.label=green", headers=CLERK).json) == []
    assert ids(store.app.get(f"{THINGS}?details.The%20Colour=red").json) == inside


@contextmanager
def counted(system: Any) -> Iterator[list[str]]:
    """The SELECTs that run in the block."""
    found: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.append(statement)

    engine = system.system.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("rows", [1, 40])
def test_a_page_takes_one_statement_and_so_does_a_row(store: Any, rows: int) -> None:
    made = fill(store, [{"name": "a", "active": True} for _ in range(rows)])
    store.app.get(THINGS)
    with counted(store) as statements:
        store.app.get(THINGS)
    assert len(statements) == 1
    with counted(store) as statements:
        store.app.get(f"{THINGS}/{made[0]['id']}")
    assert len(statements) == 1


def test_a_page_takes_one_statement_whatever_extensions_are_shown(starred: Any) -> None:
    fill(starred, [{"name": "a", "active": True} for _ in range(30)])
    starred.app.get(THINGS)
    for query in ("", "?fields=id", "?fields=id,stars.points"):
        with counted(starred) as statements:
            starred.app.get(THINGS + query)
        assert len(statements) == 1, query
    one = ids(starred.app.get(THINGS).json)[0]
    with counted(starred) as statements:
        starred.app.get(f"{THINGS}/{one}")
    assert len(statements) == 1
