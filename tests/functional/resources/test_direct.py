"""A patch without a session is answered, checked and written as one with a session is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from talatat.db import Database
from talatat.resources.writing.direct import Direct

from .conftest import BOXES, CLERK, OWNER, THINGS

pytestmark = pytest.mark.usefixtures("unwatched")

PROPERTY = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
MOMENT = "2026-01-31T12:00:00Z"
GIVEN = st.dictionaries(
    st.sampled_from(["name", "code", "rank", "weight", "size", "sold_at", "active", "cost", "kind", "price", "details",
                     "box_id", "created_at", "nothing", "version"]),
    st.sampled_from([None, "a", "A" * 61, 7, -1001, 1.5, "1.50", "1.555", MOMENT, "2026-01-31T13:00:00+01:00", True,
                     {"amount": "12.50", "currency": "EUR"}, {"amount": "5", "currency": "JPY"}, {"a": "x"},
                     {"a": None, "b": "y"}, "fancy", "plain", [], "00000000-0000-7000-8000-00000000dead"]),
    max_size=4,
)  # fmt: skip
ASKED = st.sampled_from(["", "?fields=name,rank,price", "?fields=id,shout", "?fields=nothing"])


@contextmanager
def made_sessions(app: Any) -> Iterator[list[Any]]:
    """The sessions that requests are given in the block."""
    made: list[Any] = []
    ordinary = Database.session_for

    def session_for(database: Any, request: Any) -> Any:
        made.append(request)
        return ordinary(database, request)

    with patch.object(Database, "session_for", session_for):
        yield made


def told(response: Any) -> tuple[Any, ...]:
    """An answer, without what is of its moment."""
    found = dict(response.json)
    for name in ("request_id", "updated_at", "created_at", "id", "instance"):
        found.pop(name, None)
    if "current" in found:
        found["current"] = {**found["current"], "id": None, "created_at": None}
    tag = response.headers.get("ETag", "").partition("-")[0]
    found.pop("current_etag", None)
    # One for who does not see all fields follows what is seen, the id included.
    told_tag = tag if response.status_int == 200 and "seen." not in tag else None
    return response.status_int, found, told_tag


def kept(store: Any, identifier: str) -> tuple[Any, ...]:
    """What the database has of a thing, but for moments; whether it was written."""
    query = sa.text("SELECT * FROM store_thing WHERE id = :id")
    with store.session(reading=True) as session:
        found = dict(session.execute(query, {"id": identifier}).mappings().one())
    written = found.pop("updated_at") != found.pop("created_at")
    return {name: value for name, value in found.items() if name != "id"}, written


def test_a_patch_is_answered_and_written_alike_with_and_without_a_session(store: Any) -> None:
    @PROPERTY
    @given(bodies=st.lists(GIVEN, min_size=1, max_size=3), asked=ASKED, whole=st.booleans(),
           tag=st.sampled_from([None, "right", '"999-a"', "*"]))  # fmt: skip
    def holds(bodies: Any, asked: str, whole: bool, tag: str | None) -> None:
        who = OWNER if whole else CLERK

        def patched(identifier: str, body: Any) -> Any:
            headers = dict(who)
            if tag == "right":
                row = store.app.get(f"{THINGS}/{identifier}", headers=who)
                headers["If-Match"] = row.headers["ETag"]
            elif tag is not None:
                headers["If-Match"] = tag
            return store.app.patch_json(
                f"{THINGS}/{identifier}{asked}", body, headers=headers, expect_errors=True
            )

        def history() -> list[Any]:
            made = store.app.post_json(THINGS, {"name": "thing", "rank": 1}, headers=OWNER)
            one = made.json["id"]
            lived = [(body, told(patched(one, body)), kept(store, one)) for body in bodies]
            # Its code is free again for the one that it is compared with.
            store.app.delete(f"{THINGS}/{one}", headers=OWNER)
            return lived

        straight = history()
        with patch.object(Direct, "patch", lambda *_: None):
            ordinary = history()
        assert straight == ordinary

    holds()


def test_columns_and_properties_of_columns_take_no_session_and_one_select(store: Any) -> None:
    thing = store.app.post_json(THINGS, {"name": "thing"}, headers=OWNER).json["id"]
    body = {"rank": 3, "price": {"amount": "1.25", "currency": "EUR"}}
    with made_sessions(store) as made:
        answer = store.app.patch_json(f"{THINGS}/{thing}", body, headers=OWNER)
    assert answer.json["rank"] == 3
    assert answer.json["price"] == body["price"]
    assert bool(made) == (store.system.database.dialect == "sqlite")
    row = store.app.get(f"{THINGS}/{thing}", headers=OWNER)
    assert row.json == answer.json
    assert row.headers["ETag"] == answer.headers["ETag"]


def test_a_change_that_is_none_writes_nothing(store: Any) -> None:
    thing = store.app.post_json(THINGS, {"name": "thing", "size": "1.50"}, headers=OWNER)
    path = f"{THINGS}/{thing.json['id']}"
    again = store.app.patch_json(path, {"name": "thing", "size": "1.50"}, headers=OWNER)
    assert again.headers["ETag"] == thing.headers["ETag"]


def test_whoever_listens_to_the_model_is_told_by_a_session(store: Any) -> None:
    seen = []
    thing = store.system.resources["store.things"].model

    def listen(mapper: Any, connection: Any, one: Any) -> None:
        seen.append(sa.inspect(one).session is not None)

    path = f"{THINGS}/{store.app.post_json(THINGS, {'name': 'thing'}, headers=OWNER).json['id']}"
    event.listen(thing, "after_update", listen)
    try:
        store.app.patch_json(path, {"rank": 1}, headers=OWNER)
    finally:
        event.remove(thing, "after_update", listen)
    assert seen == [True]


def test_a_patch_in_the_change_feed_is_there_once(store: Any) -> None:
    path = f"{THINGS}/{store.app.post_json(THINGS, {'name': 'thing'}, headers=OWNER).json['id']}"
    following = store.app.get(f"{THINGS}:changes", headers=OWNER).json["next"]
    store.app.patch_json(path, {"rank": 9}, headers=OWNER)
    found = store.app.get(following, headers=OWNER).json
    assert len(found["items"]) == 1


def test_a_taken_value_and_a_required_tag_are_refused_without_a_session_too(store: Any) -> None:
    for code in ("one", "two"):
        made = store.app.post_json(THINGS, {"name": "thing", "code": code}, headers=OWNER)
    path = f"{THINGS}/{made.json['id']}"
    taken = store.app.patch_json(path, {"code": "one"}, headers=OWNER, status=409)
    assert taken.json["errors"][0]["pointer"] == "/code"
    box = store.app.post_json(BOXES, {"label": "box"}, headers=CLERK).json["id"]
    store.app.patch_json(f"{BOXES}/{box}", {"label": "other"}, headers=CLERK, status=428)
