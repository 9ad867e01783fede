"""How often the driver is asked, and which statements are kept compiled. Counted where the driver sends them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from talatat.db.straight import Straight
from talatat.resources.listing.shapes import MOST_ASKED, Shapes
from talatat.resources.showing.expanding import Wanted

from .asking import ITEMS, OWNER, alike, by_entities

pytestmark = pytest.mark.usefixtures("unwatched")

SHOWN = f"{ITEMS}?fields=id,name,price,loud,spare,sure"


@contextmanager
def sent(lab: Any) -> Iterator[list[str]]:
    """The SELECTs of items that the driver sends in the block. No listener of the engine hears of those."""
    found: list[str] = []
    engine = lab.system.database.engine

    def note(text: str) -> None:
        if "lab_item" in text:
            found.append(text)

    def checkout(driver: Any, record: Any, *_: Any) -> None:
        if isinstance(driver, sqlite3.Connection):
            driver.set_trace_callback(note)

    def checkin(driver: Any, record: Any) -> None:
        if isinstance(driver, sqlite3.Connection):
            driver.set_trace_callback(None)

    def straight(self: Any, text: Any, values: Any, *, transaction: bool) -> Any:
        note(text.statement.decode())
        return run(self, text, values, transaction=transaction)

    def execute(self: Any, query: Any, *given: Any, **options: Any) -> Any:
        note(str(query))
        return on_cursor(self, query, *given, **options)

    run, on_cursor = Straight.run, psycopg.Cursor.execute
    event.listen(engine, "checkout", checkout)
    event.listen(engine, "checkin", checkin)
    with patch.object(Straight, "run", straight), patch.object(psycopg.Cursor, "execute", execute):
        yield found
    event.remove(engine, "checkout", checkout)
    event.remove(engine, "checkin", checkin)


@pytest.mark.parametrize("scope", [None, "relation", "in"])
def test_a_page_and_a_row_are_one_statement_each_for_the_driver(few: Any, scope: Any) -> None:
    headers = {"X-Scope": scope} if scope else {}
    for _ in range(2):
        with sent(few) as statements:
            few.app.get(SHOWN, headers=headers)
        assert len(statements) == 1
        with sent(few) as statements:
            few.app.get(f"{ITEMS}/{few.ids[0]}", headers={**headers, **OWNER})
        assert len(statements) == 1


def test_what_is_not_shown_is_not_selected(few: Any) -> None:
    with sent(few) as statements:
        few.app.get(f"{ITEMS}?fields=name&sort=-rank")
    (statement,) = statements
    selected = statement.partition("FROM")[0]
    assert "lab_item.name" in selected
    assert "lab_item.rank" in selected, "the next page begins there"
    assert not any(name in statement for name in ("sealed", "long", "details", "spare_item"))


def test_entities_are_made_for_whoever_watches_them(few: Any) -> None:
    with by_entities(few) as seen, sent(few) as statements:
        few.app.get(SHOWN)
    assert few.models.Item in seen
    assert "sealed" in statements[0], "an entity is all of its columns"
    with sent(few) as statements:
        few.app.get(SHOWN)
    assert "sealed" not in statements[0]


def test_a_statement_that_somebody_may_change_is_shown_to_them(few: Any) -> None:
    sessions = few.system.database.sessionmaker
    item = few.models.Item

    def narrow(state: Any) -> None:
        if state.is_select:
            state.statement = state.statement.options(
                sa.orm.with_loader_criteria(item, item.owner == "bob", include_aliases=True)
            )

    everybody = len(few.app.get(SHOWN).json["items"])
    event.listen(sessions, "do_orm_execute", narrow)
    try:
        page = alike(few, SHOWN, {})
        alike(few, f"{ITEMS}/{few.ids[0]}", OWNER)
    finally:
        event.remove(sessions, "do_orm_execute", narrow)
    assert 0 < len(page.json["items"]) < everybody


@pytest.fixture
def forgetful(few: Any) -> Any:
    """`few`, whose items have no shape yet."""
    few.system.resources["lab.items"].shapes = Shapes()
    return few


def shapes_of(lab: Any) -> Any:
    return lab.system.resources["lab.items"].shapes


def added(lab: Any, url: str, headers: Any = None) -> int:
    """How many shapes a request adds."""
    before = len(shapes_of(lab))
    lab.app.get(url, headers=headers or {})
    return len(shapes_of(lab)) - before


def test_a_shape_is_compiled_once_whatever_the_values_are(forgetful: Any) -> None:
    query = {
        "fields": "id,name,shelf_id",
        "name[gt]": "a",
        "rank[in]": "1,2",
        "sort": "-rank",
        "limit": 1,
    }
    url = f"{ITEMS}?{urlencode(query)}"
    assert added(forgetful, url) == 1
    same = {**query, "name[gt]": "Z", "rank[in]": "3,4", "limit": 3}
    assert added(forgetful, f"{ITEMS}?{urlencode(same)}") == 0
    others = [
        {"name[gt]": None, "name[lt]": "b"}, {"rank[in]": "1,2,3"}, {"rank[in]": None, "rank[nin]": "1,2"},
        {"sort": "rank"}, {"sort": "-rank,name"}, {"fields": "id,name"}, {"code[isnull]": "true"},
        {"code[isnull]": "false"},
    ]  # fmt: skip
    for other in others:
        given = {name: value for name, value in {**query, **other}.items() if value is not None}
        assert added(forgetful, f"{ITEMS}?{urlencode(given)}") == 1, other
    further = forgetful.app.get(url).json["next"]
    assert further
    assert added(forgetful, further) == 1
    assert added(forgetful, url, {"X-Scope": "owner", "X-Who": "ann"}) == 1
    assert added(forgetful, url, {"X-Scope": "owner", "X-Who": "bob"}) == 0
    assert added(forgetful, url, {"X-Scope": "not", "X-Who": "bob"}) == 1


def test_a_query_of_many_values_is_answered_and_not_kept(forgetful: Any) -> None:
    for count, kept in ((MOST_ASKED, 1), (MOST_ASKED + 1, 0)):
        url = f"{ITEMS}?fields=id,day&rank[in]={','.join(['1'] * count)}"
        assert added(forgetful, url) == kept
        assert len(alike(forgetful, url, {}).json["items"]) == 1
    wanted = [{"field": "name", "value": str(at)} for at in range(MOST_ASKED + 1)]
    before = len(shapes_of(forgetful))
    alike(forgetful, f"{ITEMS}:search", {}, {"where": {"or": wanted}, "fields": "id,day"})
    assert len(shapes_of(forgetful)) == before


def test_who_asks_something_else_each_time_does_not_grow_what_is_kept(
    forgetful: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes_of(forgetful)._kept, "most", 3)
    for at, name in enumerate(("name", "code", "weight", "size", "day")):
        assert added(forgetful, f"{ITEMS}?fields=id,hour&{name}[isnull]=true") == int(at < 3)
    plans = forgetful.system.resources["lab.items"].plans
    for at in range(300):
        plans.plan(Wanted("id" + ",name" * at), lambda _: True)
    plan = plans.plan(Wanted(), lambda _: True)
    assert plans.plan(Wanted(), lambda _: True) is plan
    assert plan.lean is not None


def test_until_the_dialect_has_met_its_server_nothing_is_kept(
    forgetful: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = forgetful.system.database.engine.dialect
    with monkeypatch.context() as patch:
        patch.setattr(dialect, "server_version_info", None)
        assert added(forgetful, f"{ITEMS}?fields=id,hour,day&name=a") == 0
    assert added(forgetful, f"{ITEMS}?fields=id,hour,day&name=a") == 1


def test_a_value_that_is_called_by_a_filter_is_called_for_each_request(few: Any) -> None:
    resource = few.system.resources["lab.items"].declaration
    url = f"{ITEMS}?fields=rank&late=true&sort=rank"
    for least, expected in ((3, [1, 2]), (5, [1, 2, 3, 4])):
        resource.least = least
        assert [row["rank"] for row in alike(few, url, {}).json["items"]] == expected


@pytest.mark.parametrize("lab", ["postgresql"], indirect=True)
def test_whose_transactions_say_who_asks_is_read_in_one(few: Any) -> None:
    def begun(session: Any, transaction: Any, connection: Any) -> None:
        connection.execute(sa.text("SET LOCAL lab.who = 'ann'"))

    sessions = few.system.database.sessionmaker
    headers = {"X-Scope": "mine"}
    assert few.app.get(SHOWN, headers=headers).json["items"] == []
    event.listen(sessions, "after_begin", begun)
    try:
        assert len(alike(few, SHOWN, headers).json["items"]) == 3
    finally:
        event.remove(sessions, "after_begin", begun)
