"""What is read without entities is answered as entities would be: body, headers, tag, whatever is asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from talatat.resources.listing.shapes import Shapes
from talatat.resources.showing.expanding import Wanted

from .asking import FAR, FILTERS, ITEMS, ODD, OWNER, QUERY, ROWS, alike, fill

pytestmark = pytest.mark.usefixtures("unwatched")

PROPERTY = settings(
    max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def test_a_page_and_a_row_are_answered_as_their_entities_are(lab: Any) -> None:
    scopes = [None, *sorted(lab.scopes.keys() - {"mine"})]

    @PROPERTY
    @given(
        rows=ROWS, query=QUERY, filters=FILTERS, scope=st.sampled_from(scopes), whole=st.booleans(), data=st.data()
    )  # fmt: skip
    def holds(rows: Any, query: Any, filters: Any, scope: Any, whole: bool, data: Any) -> None:
        ids = fill(lab, rows)
        headers = {**(OWNER if whole else {}), **({"X-Scope": scope} if scope else {})}
        one = data.draw(st.sampled_from(ids))
        for who in ("ann", "bob"):
            asking = {**headers, "X-Who": who}
            page = alike(lab, f"{ITEMS}?{urlencode({**query, **filters})}", asking)
            for lead in ("next", "prev", "next", "next"):  # to the end, and from there
                if page.status_int == 200 and page.json[lead]:
                    page = alike(lab, page.json[lead], asking)
            fields = {"fields": query["fields"]} if "fields" in query else {}
            row = alike(lab, f"{ITEMS}/{one}?{urlencode(fields)}", asking)
            if row.status_int == 200:
                alike(
                    lab,
                    f"{ITEMS}/{one}?{urlencode(fields)}",
                    {**asking, "If-None-Match": row.headers["ETag"]},
                )

    holds()
    assert lab.system.resources["lab.items"].shapes, "some were read without entities"


def names(response: Any) -> list[str]:
    return [row["name"] for row in response.json["items"]]


def test_a_scope_of_any_form_shows_to_each_what_is_theirs_and_never_anothers(few: Any) -> None:
    for name in sorted(few.scopes.keys() - {"mine"}):
        shown = {}
        for who in ("ann", "bob"):
            headers = {"X-Scope": name, "X-Who": who}
            page = alike(few, f"{ITEMS}?sort=rank&limit=4&rank[gt]=0", headers)
            shown[who] = names(page)
            assert len(set(map(str, page.json["items"]))) == len(page.json["items"]), name
            alike(few, f"{ITEMS}/{few.ids[0]}", headers)
        if name not in ("nothing", "between", "twice", "distinct", "groups", "exists", "outer"):
            assert shown["ann"] != shown["bob"], name


def test_scopes_that_can_be_told_apart_are_compiled_once_and_others_are_executed(few: Any) -> None:
    bound = few.system.resources["lab.items"]
    bound.shapes = Shapes()
    kept = set()
    for name in few.scopes.keys() - {"mine"}:
        url, before = f"{ITEMS}?fields=id,name,owner,spare", len(bound.shapes)
        few.app.get(url, headers={"X-Scope": name, "X-Who": "ann"})
        after = len(bound.shapes)
        few.app.get(url, headers={"X-Scope": name, "X-Who": "bob"})
        assert len(bound.shapes) == after or name == "words"
        if after > before:
            kept.add(name)
    assert kept >= {
        "owner",
        "relation",
        "join",
        "join_and",
        "exists",
        "cte",
        "distinct",
        "text",
        "called",
        "spare",
    }
    # Of a form, but not of one that holds all of its values; of groups, no other table is read.
    assert not kept & {"translated", "options", "groups"}


SEARCHES = [
    {"where": {"not": {"field": "rank", "op": "in", "value": [1, 2]}}},
    {
        "where": {"or": [{"field": "name", "value": "aa"}, {"field": "own", "value": "bob"}]},
        "sort": "-rank",
    },
    {"where": {"field": "details.a", "value": "b"}, "q": "b"},
    {"q": "a"},
    {"q": "a", "sort": "-score,id"},
]


def test_a_search_is_answered_as_its_entities_are(few: Any) -> None:
    for body in SEARCHES:
        for who in ("ann", "bob"):
            page = alike(
                few, f"{ITEMS}:search", {"X-Scope": "relation", "X-Who": who}, {"limit": 1, **body}
            )
            if page.json["next_cursor"]:
                further = {**body, "limit": 1, "cursor": page.json["next_cursor"]}
                alike(few, f"{ITEMS}:search", {"X-Scope": "relation", "X-Who": who}, further)


def test_an_order_that_is_called_as_the_search_calls_its_own_is_another(few: Any) -> None:
    best = alike(few, f"{ITEMS}?q=a&fields=rank", {})
    own = alike(few, f"{ITEMS}?q=a&sort=-score,id&fields=rank", {})
    assert [row["rank"] for row in own.json["items"]] == [5, 1]
    assert [row["rank"] for row in best.json["items"]] == [1, 5]


ODDITIES = {
    "title": "item aa", "whole": "item aa", "truth": True, "kind_of_row": "lab_item", "table_name": "lab_item",
    "shelf_label": "of ann", "swallowed": "ann", "asked": "ann", "nothing": None, "broken": 10,
}  # fmt: skip


@pytest.mark.parametrize("field", ODDITIES)
def test_a_property_is_worth_what_it_is_worth_on_an_entity_whatever_its_code_asks(
    few: Any, field: str
) -> None:
    for _ in range(2):  # what was told wrongly is found out by the first
        alike(few, f"{ODD}?fields=id,{field}&sort=name", {})
        row = alike(few, f"{ODD}/{few.ids[0]}?fields={field}", {}).json
        assert row == {field: ODDITIES[field]}


def test_what_options_of_the_loading_say_is_shown(few: Any) -> None:
    assert alike(few, f"{FAR}/{few.ids[0]}?fields=distance", {}).json == {"distance": 101}
    assert alike(few, f"{ODD}/{few.ids[0]}?fields=distance", {}).json == {"distance": None}


def plan_of(lab: Any, resource: str, fields: str) -> Any:
    return lab.system.resources[resource].plans.plan(Wanted(fields), lambda permission: True)


def test_code_that_asks_for_more_is_asked_once_and_a_row_that_fails_changes_nothing(
    few: Any,
) -> None:
    plan = plan_of(few, "lab.odd", "swallowed,id")
    assert plan.lean is not None
    few.app.get(f"{ODD}?fields=swallowed,id")
    assert plan.lean is None
    plan = plan_of(few, "lab.odd", "broken,id")
    item = few.models.Item
    with few.session() as session:
        session.execute(update(item).where(item.id == few.ids[0]).values(row=0))
    assert few.app.get(f"{ODD}?fields=broken,id", expect_errors=True).status_int == 500
    assert few.app.get(f"{ODD}/{few.ids[0]}?fields=broken,id", expect_errors=True).status_int == 500
    assert plan.lean is not None
    assert plan.single is not None


def test_a_request_sees_what_it_has_not_written_yet(few: Any) -> None:
    told = few.app.post(f"{ITEMS}:make").json
    assert sorted(told["listed"]) == ["aa", "aa", "b", "b", "c", "d", "new"]
    assert told["got"] == "newer"


def test_a_field_that_is_hidden_is_hidden_in_both_ways(few: Any) -> None:
    seen, hidden = (alike(few, f"{ITEMS}/{few.ids[0]}", headers) for headers in (OWNER, {}))
    assert seen.json.keys() - hidden.json.keys() == {"cost"}
    assert seen.json["spare"].keys() - hidden.json["spare"].keys() == {"hidden"}
    assert hidden.headers["ETag"].startswith('"seen.')
