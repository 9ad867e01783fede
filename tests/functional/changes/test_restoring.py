"""`:restore`: what was deleted comes back with what belonged to it; versions never come back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from talatat.db import new_id
from talatat.resources.changes.table import change

from .conftest import ALL, JOBS, Mirror, listed

BODY = {
    "title": "paint", "code": "a1", "owner": "bob", "price": "12.50", "due_at": "2026-11-23T10:00:00.000123Z",
    "details": {"deep": {"list": [1, "x", None]}}, "ranks": {"points": 7},
}  # fmt: skip


def make(desk, **values):
    """A job with steps, a tag and an extension; its representation."""
    key = desk.app.post_json(JOBS, BODY | values).json["id"]
    with desk.session() as session:
        job = session.get(desk.models.Job, key)
        job.steps = [desk.models.Step(place=at, text=f"step {at}") for at in (1, 2)]
        job.tags = [desk.models.Tag(word=f"w{key[-6:]}")]
    return desk.app.get(f"{JOBS}/{key}").json


def test_a_deleted_row_comes_back_whole_and_its_version_goes_on(desk):
    row = make(desk)
    url = f"{JOBS}/{row['id']}"
    desk.app.patch_json(url, {"title": "sand"})
    row = desk.app.get(url)
    desk.app.delete(url, headers={"If-Match": row.headers["ETag"]}, status=204)
    desk.app.get(url, status=404)
    back = desk.app.post(f"{url}:restore", status=200)
    assert back.json == row.json == desk.app.get(url).json
    versions = [one.headers["ETag"].strip('"').partition(".")[0] for one in (row, back)]
    assert int(versions[1]) == int(versions[0]) + 1
    desk.app.patch_json(url, {"title": "x"}, headers={"If-Match": row.headers["ETag"]}, status=412)
    desk.app.patch_json(url, {"title": "x"}, headers={"If-Match": back.headers["ETag"]}, status=200)
    desk.app.post(f"{url}:restore", status=404)
    with desk.session() as session:
        assert (
            session.scalar(sa.select(change.c.kept).where(change.c.row_id == row.json["id"]))
            is None
        )


def test_what_cascades_can_be_restored_once_what_it_refers_to_is_there(desk):
    client = desk.app.post_json("/api/desk/v1/clients", {"name": "Ann"}).json["id"]
    row = make(desk, client_id=client)
    desk.app.delete(f"/api/desk/v1/clients/{client}")
    desk.app.get(f"{JOBS}/{row['id']}", status=404)
    refused = desk.app.post(f"{JOBS}/{row['id']}:restore", status=409)
    assert refused.json["code"] == "reference"
    desk.app.put_json(f"/api/desk/v1/clients/{client}", {"name": "Ann"}, status=201)
    assert desk.app.post(f"{JOBS}/{row['id']}:restore", status=200).json == row


def test_a_value_that_is_taken_meanwhile_is_a_conflict(desk):
    row = make(desk)
    desk.app.delete(f"{JOBS}/{row['id']}")
    make(desk)
    refused = desk.app.post(f"{JOBS}/{row['id']}:restore", status=409)
    assert refused.json["code"] == "duplicate"
    assert refused.json["errors"][0]["pointer"] == "/code"


def test_nothing_is_restored_that_was_not_kept_or_may_not_be_seen(desk):
    row = make(desk)
    url = f"{JOBS}/{row['id']}"
    desk.app.post(f"{url}:restore", status=404)
    desk.app.delete(url)
    for missing in (new_id(), "x", "%00"):
        desk.app.post(f"{JOBS}/{missing}:restore", status=404)
    desk.app.post_json(f"{url}:restore", {"title": "y"}, status=400)
    desk.app.post(f"/api/desk/v1/tags/{row['id']}:restore", status=404)
    desk.sign_in("ann", "desk.read", "desk.write")
    desk.app.post(f"{url}:restore", status=404)
    make_taken = {"title": "other", "code": "a1"}
    desk.sign_in("anna", *ALL)
    other = desk.app.post_json(JOBS, make_taken).json["id"]
    desk.sign_in("ann", "desk.read", "desk.write")
    desk.app.post(f"{url}:restore", status=404)  # not 409, which would tell that it was there
    desk.sign_in("bob", "desk.read", "desk.secrets")
    desk.app.post(f"{url}:restore", status=403)
    desk.sign_in("anna", *ALL)
    desk.app.delete(f"{JOBS}/{other}")
    desk.sign_in("bob", "desk.read", "desk.write", "desk.secrets")
    assert desk.app.post(f"{url}:restore?validate_only=true", status=200).json == row
    desk.app.get(url, status=404)
    assert desk.app.post(f"{url}:restore", status=200).json == row


def test_hooks_of_a_creation_run_and_may_alter_what_comes_back(desk):
    row = make(desk)
    desk.app.delete(f"{JOBS}/{row['id']}")
    bound = desk.system.resources["desk.jobs"]
    seen = []

    def before(request, obj, changes):
        seen.append(("before", obj.title, changes["title"]))
        changes["title"] = "altered"

    def after(request, obj, changes):
        seen.append(("after", obj.title, len(obj.steps)))

    kept = bound.hooks
    bound.hooks = type(kept)()
    bound.hooks._hooks = {"before_create": (before,), "after_create": (after,)}
    try:
        assert desk.app.post(f"{JOBS}/{row['id']}:restore").json["title"] == "altered"
    finally:
        bound.hooks = kept
    assert seen == [("before", "paint", "paint"), ("after", "altered", 2)]


@pytest.mark.parametrize("path", [JOBS, "/api/desk/v1/clients"])
def test_a_row_that_is_put_again_goes_on_counting(desk, path):
    body = {"title": "a"} if path == JOBS else {"name": "a"}
    url = f"{path}/{new_id()}"
    desk.app.put_json(url, body, status=201)
    desk.app.put_json(url, dict.fromkeys(body, "b"))
    first = desk.app.get(url).headers["ETag"]
    desk.app.delete(url)
    assert desk.app.put_json(url, dict.fromkeys(body, "b"), status=201).headers["ETag"] != first
    desk.app.delete(url, headers={"If-Match": first}, status=412)
    batch = [
        {"operation": "delete", "id": url.rpartition("/")[2]},
        {"operation": "replace", "id": url.rpartition("/")[2], "body": body},
    ]
    before = desk.app.get(url).headers["ETag"]
    result = desk.app.post_json(f"{path}:batch", {"items": batch}).json["items"][1]
    assert int(result["etag"].strip('"').split("-")[0].split(".")[0]) > int(
        before.strip('"').split("-")[0].split(".")[0]
    )


def test_a_restored_row_is_in_the_feed(desk):
    row = make(desk)
    mirror = Mirror(desk.app)
    mirror.follow()
    desk.app.delete(f"{JOBS}/{row['id']}")
    assert mirror.follow() == {}
    desk.app.post(f"{JOBS}/{row['id']}:restore")
    assert mirror.follow() == listed(desk.app) == {row["id"]: row}
