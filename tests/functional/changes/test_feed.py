"""`GET /<resources>:changes`: all rows, then what changes; nothing that a request may not see."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from talatat.resources.changes.table import change

from .conftest import ALL, JOBS, Mirror, listed


def create(desk, **values):
    return desk.app.post_json(JOBS, {"title": "paint", **values}).json["id"]


def cursor_of(answer):
    return parse_qs(urlsplit(answer["next"]).query)["cursor"][0]


def test_a_client_that_follows_next_holds_what_a_list_shows(desk):
    keys = [create(desk, title=f"job {at}") for at in range(7)]
    with desk.session() as session:  # rows from before there was a feed
        session.execute(sa.delete(change))
    mirror = Mirror(desk.app)
    assert mirror.follow() == listed(desk.app)
    assert all(len(answer["items"]) <= 3 for answer in mirror.answers)
    desk.app.delete(f"{JOBS}/{keys[0]}")
    desk.app.patch_json(f"{JOBS}/{keys[1]}", {"title": "new"})
    desk.app.patch_json(f"{JOBS}/{keys[1]}", {"title": "newer"})
    last = create(desk, code="x")
    before = len(mirror.answers)
    assert mirror.follow() == listed(desk.app)
    (answer,) = mirror.answers[before:]
    assert [(one["id"], one["deleted"]) for one in answer["items"]] == [
        (keys[0], True), (keys[1], False), (last, False),
    ]  # fmt: skip
    assert answer["complete"] is True
    assert all(one["changed_at"].endswith("Z") for one in answer["items"])


def test_rows_that_change_while_a_client_walks_over_them_are_not_missed(desk):
    keys = sorted(create(desk, title=f"job {at}") for at in range(6))
    mirror = Mirror(desk.app, limit=2)
    first = desk.app.get(mirror.next).json
    desk.app.patch_json(f"{JOBS}/{keys[0]}", {"title": "behind"})
    desk.app.delete(f"{JOBS}/{keys[1]}")
    desk.app.delete(f"{JOBS}/{keys[5]}")
    create(desk, title="new")
    mirror.rows = {one["id"]: one["item"] for one in first["items"]}
    mirror.next = first["next"]
    assert mirror.follow() == listed(desk.app)


def test_nothing_new_is_told_by_304(desk):
    key = create(desk)
    mirror = Mirror(desk.app)
    mirror.follow()
    mirror.follow()
    held = desk.app.get(mirror.next)
    assert held.json["items"] == []
    assert held.headers["Link"] == f'<{held.json["next"]}>; rel="next"'
    desk.app.get(mirror.next, headers={"If-None-Match": held.headers["ETag"]}, status=304)
    desk.app.patch_json(f"{JOBS}/{key}", {"title": "new"})
    answer = desk.app.get(mirror.next, headers={"If-None-Match": held.headers["ETag"]})
    assert [one["id"] for one in answer.json["items"]] == [key]


def test_fields_and_expansions_are_shown_and_rights_hold(desk):
    with desk.session() as session:
        client = desk.models.Client(name="Ann")
        session.add(client)
        session.flush()
        client = client.id
    create(desk, client_id=client, owner="bob")
    answer = desk.app.get(f"{JOBS}:changes?fields=title,client_id,client&expand=client").json
    assert answer["items"][0]["item"]["client"]["name"] == "Ann"
    assert set(answer["items"][0]["item"]) == {"title", "client_id", "client"}
    assert desk.app.get(f"{JOBS}:changes").json["items"][0]["item"]["owner"] == "bob"
    desk.sign_in("ben", "desk.read", "desk.read_all")
    assert "owner" not in desk.app.get(f"{JOBS}:changes").json["items"][0]["item"]
    desk.sign_in("eve")
    assert desk.app.get(f"{JOBS}:changes", status=403).json["code"] == "forbidden"


def test_a_request_that_sees_some_rows_learns_nothing_of_others(desk):
    mine, theirs = create(desk, owner="bob", title="a"), create(desk, owner="ann", title="b")
    desk.sign_in("bob", "desk.read", "desk.secrets")
    mirror = Mirror(desk.app, limit=1)
    assert set(mirror.follow()) == {mine}
    held = desk.app.get(mirror.next)
    desk.sign_in("anna", *ALL)
    desk.app.patch_json(f"{JOBS}/{theirs}", {"title": "c"})
    desk.app.delete(f"{JOBS}/{theirs}")
    for at in range(5):
        create(desk, owner="ann", title=f"d{at}")
    desk.sign_in("bob", "desk.read", "desk.secrets")
    desk.app.get(mirror.next, headers={"If-None-Match": held.headers["ETag"]}, status=304)
    assert held.json["complete"] is False
    desk.sign_in("anna", *ALL)
    desk.app.patch_json(f"{JOBS}/{mine}", {"title": "mine"})
    desk.app.delete(f"{JOBS}/{create(desk, owner='bob')}")
    desk.sign_in("bob", "desk.read", "desk.secrets")
    assert [one["title"] for one in mirror.follow().values()] == ["mine"]
    raw = urlsafe_b64decode(cursor_of(mirror.answers[-1]) + "==")
    assert b"follow" not in raw
    assert b"walk" not in raw


@pytest.mark.parametrize("forged", ["x", "AAAA", "A" * 9000, "%00"])
def test_a_cursor_that_is_not_ours_is_refused(sqlite_desk, forged):
    answer = sqlite_desk.app.get(f"{JOBS}:changes?cursor={forged}", status=400)
    assert answer.json["code"] in ("invalid_cursor", "invalid_parameter")


def test_a_cursor_belongs_to_its_resource_and_its_rights(desk):
    create(desk, owner="bob")
    cursor = cursor_of(desk.app.get(f"{JOBS}:changes").json)
    desk.app.get(f"/api/desk/v1/tags:changes?cursor={cursor}", status=400)
    desk.app.get(f"{JOBS}?cursor={cursor}", status=400)
    desk.sign_in("bob", "desk.read", "desk.secrets")
    assert (
        desk.app.get(f"{JOBS}:changes?cursor={cursor}", status=410).json["code"] == "cursor_expired"
    )
    cursor = cursor_of(desk.app.get(f"{JOBS}:changes").json)
    desk.app.get(f"{JOBS}:changes?cursor={cursor}", status=200)
    desk.sign_in("bob", "desk.read", "desk.read_all", "desk.secrets")
    desk.app.get(f"{JOBS}:changes?cursor={cursor}", status=410)


def test_a_cursor_of_another_state_of_the_database_is_refused(desk):
    """A dump that is restored makes the table anew, with transactions that are yet to come."""
    keys = [create(desk, title=f"job {at}") for at in range(3)]
    mirror = Mirror(desk.app)
    mirror.follow()
    with desk.session() as session:
        if desk.system.database.dialect == "postgresql":
            session.execute(sa.text("CREATE TABLE copied (LIKE talatat_change INCLUDING ALL)"))
            session.execute(sa.text("INSERT INTO copied SELECT * FROM talatat_change"))
            session.execute(
                sa.text("ALTER SEQUENCE talatat_change_position_seq OWNED BY copied.position")
            )
            session.execute(sa.text("DROP TABLE talatat_change"))
            session.execute(sa.text("ALTER TABLE copied RENAME TO talatat_change"))
            session.execute(sa.update(change).values(transaction_id=2**40))
        else:
            session.execute(sa.delete(change))
            session.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'talatat_change'"))
    assert desk.app.get(mirror.next, status=410).json["code"] == "cursor_expired"
    mirror = Mirror(desk.app)
    assert set(mirror.follow()) == set(keys)
    desk.app.patch_json(f"{JOBS}/{keys[0]}", {"title": "after"})
    desk.app.delete(f"{JOBS}/{keys[1]}")
    assert mirror.follow() == listed(desk.app)


def test_a_cursor_is_refused_once_revisions_of_the_addon_have_run(sqlite_desk):
    desk = sqlite_desk
    mirror = Mirror(desk.app)
    mirror.follow()
    row = dict.fromkeys(
        ("revision", "direction", "phase", "down", "requires", "checksum", "text"), "x"
    )
    row |= dict.fromkeys(("reversible", "started_at", "finished_at", "who"), "x") | {
        "lock_wait_ms": 0
    }
    columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    insert = (
        f"INSERT INTO talatat_ledger (position, addon, {columns}) VALUES (999, :addon, {values})"
    )
    for addon, status in (("other", 200), ("ranks", 410)):
        with desk.session() as session:
            session.execute(sa.text(insert), {**row, "addon": addon})
        desk.app.get(mirror.next, status=status)
        with desk.session() as session:
            session.execute(sa.text("DELETE FROM talatat_ledger WHERE position = 999"))


@pytest.mark.parametrize(
    "query", ["sort=id", "limit=0", "limit=x", "fields=nothing", "cursor=a&cursor=b"]
)
def test_parameters_are_checked(sqlite_desk, query):
    sqlite_desk.app.get(f"{JOBS}:changes?{query}", status=400)
    sqlite_desk.app.post(f"{JOBS}:changes", status=405)
