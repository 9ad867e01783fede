"""Fields that take a permission: who may not write one is told which, and who cannot see one resets none."""

import pytest
from diary import DIARY, ENTRIES, MOODS, ROOMS

from talatat.errors import CompositionError
from talatat.testing.authorization.actors import ByHeader, header_of

WRITER = header_of("me", ["diary.read", "diary.create", "diary.write"])
CHIEF = header_of("me", ["*"])
PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture
def diary(addons, tmp_path):
    addons.write("diary", DIARY)
    addons.write("moods", MOODS, ("diary",))
    with addons.composed("moods", url=f"sqlite:///{tmp_path}/diary.sqlite") as system:
        system.system.security.sources["tests"] = ByHeader()
        yield system


@pytest.fixture
def entry(diary):
    body = {
        "title": "a", "pay": 7, "origin": "here", "moods": {"mood": "glad", "reason": "a raise"},
    }  # fmt: skip
    return diary.app.post_json(ENTRIES, body, headers=CHIEF, status=201).json


def refusal(answer):
    return answer.json["code"], [one["pointer"] for one in answer.json["errors"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "b", "pay": 7}, "/pay"),
        ({"title": "b", "moods": {"reason": "a raise"}}, "/moods/reason"),
        ({"title": "b", "moods": None}, "/moods"),
    ],
)
def test_every_way_of_writing_names_the_field_that_may_not_be_written(diary, entry, body, pointer):
    app, url = diary.app, f"{ENTRIES}/{entry['id']}"
    named = ("forbidden", [pointer])
    if body.get("moods", 1) is not None:
        assert refusal(app.post_json(ENTRIES, body, headers=WRITER, status=403)) == named
    assert refusal(app.put_json(url, body, headers=WRITER, status=403)) == named
    assert refusal(app.patch_json(url, body, headers=WRITER, status=403)) == named
    items = [
        {"operation": "patch", "id": entry["id"], "body": body},
        {"operation": "replace", "id": entry["id"], "body": body},
    ]
    for item in items:
        answer = app.post_json(f"{ENTRIES}:batch", {"items": [item]}, headers=WRITER, status=403)
        assert refusal(answer) == ("forbidden", [f"/items/0/body{pointer}"])
    told = app.post_json(
        f"{ENTRIES}:batch", {"atomic": False, "items": items}, headers=WRITER, status=207
    )
    assert [one["status"] for one in told.json["items"]] == [403, 403]
    assert app.get(url, headers=CHIEF).json == entry


def test_a_json_patch_neither_writes_nor_tests_what_is_hidden(diary, entry):
    url = f"{ENTRIES}/{entry['id']}"

    def patched(*operations, status):
        return diary.app.patch_json(
            url, list(operations), headers={**WRITER, **PATCH}, status=status
        )

    for value in (7, 8):
        answer = patched({"op": "add", "path": "/pay", "value": value}, status=403)
        assert refusal(answer) == ("forbidden", ["/0/value"])
        tested = patched({"op": "test", "path": "/pay", "value": value}, status=409).json
        other = patched({"op": "test", "path": "/no", "value": value}, status=409).json
        assert tested["detail"].replace("pay", "no") == other["detail"]
    assert refusal(patched({"op": "remove", "path": "/moods"}, status=403))[0] == "forbidden"
    assert diary.app.get(url, headers=CHIEF).json == entry


def test_a_replacement_leaves_alone_what_it_cannot_see_and_does_not_name(diary, entry):
    url = f"{ENTRIES}/{entry['id']}"
    body = {"title": "b", "moods": {"mood": "sad"}}
    seen = diary.app.put_json(url, body, headers=WRITER, status=200).json
    assert (seen["title"], seen["moods"]) == ("b", {"mood": "sad"})
    assert not {"pay", "origin"} & seen.keys()
    now = diary.app.get(url, headers=CHIEF).json
    assert (now["pay"], now["origin"]) == (7, "here")
    assert now["moods"] == {"mood": "sad", "reason": "a raise"}
    # Whoever sees it all means it all.
    assert diary.app.put_json(url, {"title": "b"}, headers=CHIEF).json["pay"] == 0


def test_what_is_set_once_cannot_be_guessed(diary, entry):
    url = f"{ENTRIES}/{entry['id']}"
    for origin in ("here", "there"):
        answer = diary.app.patch_json(url, {"origin": origin}, headers=WRITER, status=422)
        assert refusal(answer) == ("invalid", ["/origin"])
    diary.app.patch_json(url, {"origin": "here"}, headers=CHIEF, status=200)


def test_whoever_may_create_nothing_is_not_told_which_ids_are_taken(diary, entry):
    others = header_of("you", ["diary.read", "diary.write"])
    absent = entry["id"][:-1] + ("0" if entry["id"][-1] != "0" else "1")
    answers = [
        diary.app.put_json(f"{ENTRIES}/{one}", {"title": "b"}, headers=others, status=403).json
        for one in (entry["id"], absent)
    ]
    assert len({(one["code"], one["detail"]) for one in answers}) == 1


def test_a_filter_through_a_relation_takes_the_rights_that_the_relation_leads_to(diary, entry):
    room = diary.app.post_json(ROOMS, {"label": "den", "rent": 5}, headers=CHIEF, status=201).json
    url = f"{ENTRIES}/{entry['id']}"
    diary.app.patch_json(url, {"room_id": room["id"]}, headers=CHIEF, status=200)
    listed = diary.app.get(f"{ENTRIES}?room.label=den", headers=WRITER).json["items"]
    assert [one["id"] for one in listed] == [entry["id"]]
    refused = diary.app.get(f"{ENTRIES}?room.rent=5", headers=WRITER, status=400).json
    assert refused["code"] == "unknown_parameter"
    assert "rent" not in refused["detail"].partition("known are")[2]
    assert diary.app.get(f"{ENTRIES}?room.rent=5", headers=CHIEF).json["items"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "title = colander.SchemaNode(colander.String(), validator=colander.Length(1, 20))",
            "title = colander.SchemaNode(colander.String(), write_only=True)",
            "'title': it is write_only",
        ),
        (
            "code = colander.SchemaNode(colander.String(), missing=None)",
            (
                "code = colander.SchemaNode(colander.Mapping(), colander.SchemaNode(colander.String(), "
                'name="part", read_permission="diary.pay"), missing=None)'
            ),
            "code.part has a read_permission, but 'code' is written as a whole",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_held_is_refused_when_it_is_composed(addons, tmp_path, old, new, words):
    text = DIARY["resources.py"]
    assert old in text
    addons.write("diary", {**DIARY, "resources.py": text.replace(old, new)})
    with (
        pytest.raises(CompositionError, match="diary") as refused,
        addons.composed("diary", url=f"sqlite:///{tmp_path}/x.sqlite", migrate=False),
    ):
        pass
    assert any(words in one and ".py:" in one for one in refused.value.problems)


def test_a_search_that_may_look_at_everything_is_for_those_who_may_see_everything(addons, tmp_path):
    text = DIARY["resources.py"].replace('searched = ("title",)', "")
    addons.write("diary", {**DIARY, "resources.py": text})
    with addons.composed("diary", url=f"sqlite:///{tmp_path}/x.sqlite") as system:
        system.system.security.sources["tests"] = ByHeader()
        assert system.app.get(f"{ENTRIES}?q=a", headers=WRITER, status=400).json["code"] == (
            "unknown_parameter"
        )
        system.app.get(f"{ENTRIES}?q=a", headers=CHIEF, status=200)
