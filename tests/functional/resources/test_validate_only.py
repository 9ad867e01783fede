"""`validate_only=true`: everything is done and checked, and nothing of it stays."""

from __future__ import annotations

from typing import Any

import pytest

from talatat.db import new_id

OWNER = {"X-Role": "owner"}
THINGS = "/api/store/v1/things"
TRIED = "?validate_only=true"


def rows(system: Any) -> Any:
    return system.app.get(THINGS, headers=OWNER).json["items"]


def make(system: Any, **fields: Any) -> Any:
    return system.app.post_json(THINGS, {"name": "spoon", **fields}, headers=OWNER, status=201).json


def test_a_write_answers_the_row_as_it_would_be_and_leaves_everything_as_it_is(posted: Any) -> None:
    app, row = posted.app, make(posted)
    posted.deliver()
    posted.post.delivered.clear(), posted.post.committed.clear()
    url = f"{THINGS}/{row['id']}"
    body = {"name": "fork", "stars": {"points": 5}}
    answers = [
        app.post_json(THINGS + TRIED, body, headers=OWNER),
        app.put_json(url + TRIED, body, headers=OWNER),
        app.put_json(f"{THINGS}/{new_id()}{TRIED}", body, headers=OWNER),
        app.patch_json(f"{url}{TRIED}&fields=name,stars", body, headers=OWNER),
        app.post_json(f"{THINGS}:sell{TRIED}", {"quantity": 1}, headers=OWNER),
    ]
    for answer in answers:
        assert answer.status_int == 200
        assert not {"ETag", "Location"} & set(answer.headers)
        assert answer.headers["Cache-Control"] == "no-store"
    for answer in answers[:4]:
        assert (answer.json["name"], answer.json["stars"]["points"]) == ("fork", 5)
    assert set(answers[3].json) == {"name", "stars"}
    app.delete(url + TRIED, headers=OWNER, status=204)
    app.post(f"{url}:forget{TRIED}", headers=OWNER, status=204)
    assert app.post(f"{url}:retire{TRIED}", headers=OWNER).json["active"] is False
    assert rows(posted) == [row]
    assert posted.deliver() == 0
    assert (posted.post.delivered, posted.post.committed) == ([], [])


def test_hooks_constraints_and_preconditions_refuse_as_they_would(posted: Any) -> None:
    row = make(posted, code="taken")
    for body, status, code in (
        ({"name": "refused"}, 409, "conflict"),
        ({"name": "x", "code": "taken"}, 409, "duplicate"),
        ({"name": "x", "box_id": new_id()}, 409, "reference"),
        ({"name": ""}, 422, "invalid"),
    ):
        answer = posted.app.post_json(THINGS + TRIED, body, headers=OWNER, status=status)
        assert answer.json["code"] == code
    headers = {**OWNER, "If-Match": '"9-x"'}
    posted.app.delete(f"{THINGS}/{row['id']}{TRIED}", headers=headers, status=412)
    assert rows(posted) == [row]


@pytest.mark.parametrize(
    ("value", "status"), [("false", 201), ("yes", 400), ("", 400), ("True", 400)]
)
def test_it_is_true_or_false(posted: Any, value: str, status: int) -> None:
    url = f"{THINGS}?validate_only={value}"
    answer = posted.app.post_json(url, {"name": "x"}, headers=OWNER, status=status)
    assert len(rows(posted)) == (status == 201)
    if status == 400:
        assert answer.json["errors"][0]["parameter"] == "validate_only"


def test_what_only_reads_does_not_take_it(posted: Any) -> None:
    answer = posted.app.get(THINGS + TRIED, headers=OWNER, status=400)
    assert answer.json["code"] == "unknown_parameter"
