"""`count=`: how many rows there are on all pages, exactly for those who may ask, or about."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from talatat.db import new_id
from talatat.resources.listing import counting

THINGS = "/api/store/v1/things"
COUNTER = {"X-Role": "counter"}


@pytest.fixture
def full(store: Any) -> Any:
    """Eleven things, of which four are inactive, and a role that may count."""
    store.system.security._patterns["counter"] = ("talatat.count", "store.read_cost", "store.boxes")
    model = store.system.resources["store.things"].model
    with store.session() as session:
        session.add_all(
            model(id=new_id(), name="ab"[at % 2], active=at > 3, cost=at) for at in range(11)
        )
    return store


def test_an_exact_count_is_of_all_pages_of_what_the_query_finds(full: Any) -> None:
    for query, number in {
        "": 11, "active=true": 7, "limit=2&sort=-name": 11, "q=a": 6, "q=a&active=false": 2,
        "rank[isnull]=false": 0, "box.label=x": 0, "details.x=y": 0, "cost[lt]=3": 3,
    }.items():  # fmt: skip
        page = full.app.get(f"{THINGS}?{query}&count=exact", headers=COUNTER).json
        assert page["count"] == number, query
    blind = {**COUNTER, "X-Blind": "yes"}
    assert full.app.get(f"{THINGS}?count=exact", headers=blind).json["count"] == 7
    first = full.app.get(f"{THINGS}?count=exact&limit=3", headers=COUNTER).json
    following = full.app.get(first["next"], headers=COUNTER).json
    assert (following["count"], len(following["items"])) == (11, 3)
    assert "count" not in full.app.get(THINGS).json


def test_an_exact_count_takes_a_permission(full: Any) -> None:
    problem = full.app.get(f"{THINGS}?count=exact", headers={"X-Role": "clerk"}, status=403).json
    assert problem["code"] == "forbidden"
    assert full.app.get(f"{THINGS}?count=exact", status=401).json["code"] == "unauthorized"
    for value in ("yes", "", "EXACT"):
        problem = full.app.get(f"{THINGS}?count={value}", headers=COUNTER, status=400).json
        assert problem["errors"][0]["parameter"] == "count"


def test_an_estimate_is_the_planners_or_exact_up_to_a_cap(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ESTIMATED_TO", 5)
    if full.system.database.dialect == "sqlite":
        assert full.app.get(f"{THINGS}?count=estimated").json["count"] == 5
        assert full.app.get(f"{THINGS}?count=estimated&active=false").json["count"] == 4
        return
    with full.session() as session:
        session.execute(text("ANALYZE store_thing"))
    assert full.app.get(f"{THINGS}?count=estimated&sort=-name&limit=2").json["count"] == 11
    # Parameters of the statement are the planner's too: it knows how many are active.
    assert full.app.get(f"{THINGS}?count=estimated&active=true").json["count"] == 7
    # The second one finds its statement in the cache, with another value.
    for value in "ab":
        assert full.app.get(f"{THINGS}?count=estimated&name[ne]={value}").json["count"] > 0
    for query in ("q=a", "details.x=y", "box.label[prefix]=x", "name[in]=a,b", "name[nin]=a"):
        listed = full.app.get(f"{THINGS}?count=estimated&{query}", headers=COUNTER).json
        assert listed["count"] >= 0
    # Where a scope narrows what is seen, rows are counted: the planner knows how many others there are.
    blind = {**COUNTER, "X-Blind": "yes"}
    assert full.app.get(f"{THINGS}?count=estimated", headers=blind).json["count"] == 5


def test_the_document_tells_it(full: Any) -> None:
    document = full.app.get("/api/openapi.json").json
    listing = document["paths"][THINGS]["get"]
    (told,) = (one for one in listing["parameters"] if one["name"] == "count")
    assert told["schema"]["enum"] == ["exact", "estimated"]
    assert {"401", "403"} <= listing["responses"].keys()
    page = document["components"]["schemas"]["store.things.page"]
    assert page["properties"]["count"]["type"] == "integer"
    assert "count" not in page["required"]
