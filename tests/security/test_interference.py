"""Nobody learns what they may not see: two databases that differ only there answer byte for byte alike.

The rows that a request sees are the same in both. What differs is a field that it may not read (with the
number of times that it was written), and the rows of others: which there are, and what is in them.
"""

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import pytest
from diary import DIARY, ENTRIES, ROOMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from talatat.testing.authorization.actors import ByHeader, header_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def identifier(kind, number):
    return f"01900000-0000-7{kind}00-8000-{number:012d}"


MINE = [identifier(1, number) for number in range(4)]
THEIRS = [identifier(2, number) for number in range(4)]
ABSENT = identifier(3, 0)
MY_ROOM, THEIR_ROOM = identifier(4, 0), identifier(5, 0)
ALL_IDS = {*MINE, *THEIRS, ABSENT, MY_ROOM, THEIR_ROOM}

numbers = st.integers(0, 3)
titles = st.sampled_from(["a", "ab", "b", "refused"])
hidden_state = st.fixed_dictionaries(
    {
        "pays": st.lists(st.tuples(numbers, st.integers(1, 9), titles), min_size=4, max_size=4),
        "theirs": st.lists(st.tuples(titles, numbers), max_size=4),
        "label": titles,
        "rents": st.tuples(numbers, numbers),
    }
)
seen_state = st.lists(
    st.tuples(titles, st.sampled_from([None, MY_ROOM, THEIR_ROOM])), min_size=4, max_size=4
)

names = st.sampled_from(
    ["title", "pay", "earned", "origin", "room.label", "room.rent", "room_id", "id"]
)
operators = st.sampled_from(["eq", "ne", "lt", "gte", "in", "isnull", "contains"])
values = st.one_of(numbers.map(str), titles, st.sampled_from(["true", THEIR_ROOM, MINE[0]]))
query = st.dictionaries(
    st.one_of(
        st.builds("{}[{}]".format, names, operators),
        st.sampled_from(["sort", "fields", "expand", "q", "count", "limit"]),
    ),
    values,
    max_size=3,
)
said = {
    "sort": st.sampled_from(["pay", "-pay", "title", "-by_pay", "title,pay"]),
    "fields": st.sampled_from(["pay", "title", "id,pay", "origin,room"]),
    "expand": st.just("room"),
    "count": st.sampled_from(["estimated", "exact"]),
    "limit": st.sampled_from(["1", "2"]),
}
leaf = st.fixed_dictionaries({"field": names, "op": operators, "value": st.one_of(values, numbers)})
tree = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda some: {"or": some}, st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=3,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "title": titles,
        "pay": numbers,
        "origin": titles,
        "room_id": st.sampled_from([None, MY_ROOM]),
        "code": st.sampled_from([None, "mine"]),
    },
)
paths = st.sampled_from(["/title", "/pay", "/origin", "/code", "/nothing"])
operation = st.one_of(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["test", "add", "replace"]),
            "path": paths,
            "value": st.one_of(numbers, titles),
        }
    ),
    st.fixed_dictionaries({"op": st.just("remove"), "path": paths}),
    st.fixed_dictionaries({"op": st.sampled_from(["move", "copy"]), "from": paths, "path": paths}),
)
any_id = st.sampled_from([*MINE, THEIRS[0], ABSENT])
my_id = st.sampled_from([*MINE, ABSENT])
matches = st.one_of(
    st.just({}),
    st.sampled_from(['"1"', '"2-x"', "*", '"9-abc"']).map(lambda tag: {"If-Match": tag}),
    st.just({"If-None-Match": "*"}),
)
PATCH = {"Content-Type": "application/json-patch+json"}


@st.composite
def asked(draw):
    """(method, path, query, body, headers) of one request."""
    kind = draw(
        st.sampled_from(["list", "search", "item", "put", "patch", "json", "batch", "verb", "feed"])
    )
    headers = draw(matches)
    if kind == "list":
        given = draw(query)
        for name in given.keys() & said.keys():
            given[name] = draw(said[name])
        return "GET", draw(st.sampled_from([ENTRIES, ROOMS])), given, None, headers
    if kind == "search":
        return "POST", f"{ENTRIES}:search", {}, {"where": draw(tree)}, {}
    if kind == "feed":
        return "GET", f"{ENTRIES}:changes", {"limit": draw(st.sampled_from(["2", "9"]))}, None, {}
    if kind == "verb":
        verb = draw(st.sampled_from([":touch", ":restore"]))
        return "POST", f"{ENTRIES}/{draw(any_id)}{verb}", {}, None, headers
    if kind == "item":
        method = draw(st.sampled_from(["GET", "DELETE"]))
        given = {"expand": "room"} if draw(st.booleans()) and method == "GET" else {}
        return method, f"{ENTRIES}/{draw(any_id)}", given, None, headers
    if kind == "put":
        return "PUT", f"{ENTRIES}/{draw(my_id)}", {}, draw(fields), headers
    if kind == "patch":
        return "PATCH", f"{ENTRIES}/{draw(any_id)}", {}, draw(fields), headers
    if kind == "json":
        body = draw(st.lists(operation, max_size=3))
        return "PATCH", f"{ENTRIES}/{draw(any_id)}", {}, body, {**headers, **PATCH}
    items = draw(
        st.lists(
            st.one_of(
                st.fixed_dictionaries({"operation": st.just("create"), "body": fields}),
                st.fixed_dictionaries(
                    {"operation": st.just("patch"), "id": any_id, "body": fields},
                    optional={"if_match": st.sampled_from(['"1"', "*"])},
                ),
                st.fixed_dictionaries({"operation": st.just("delete"), "id": any_id}),
            ),
            max_size=3,
        )
    )
    return "POST", f"{ENTRIES}:batch", {}, {"atomic": draw(st.booleans()), "items": items}, {}


@pytest.fixture
def diary(addons, tmp_path):
    addons.write("diary", DIARY)
    with addons.composed("diary", url=f"sqlite:///{tmp_path}/diary.sqlite") as system:
        system.system.security.sources["tests"] = ByHeader()
        yield system


def fill(system, seen, hidden):
    """Make the database hold the rows that are seen, and what is hidden."""
    entry, room = (system.system.resources[f"diary.{one}"].model for one in ("entries", "rooms"))
    common = {"created_at": AT, "updated_at": AT}
    with system.session() as session:
        for model in (entry, room):
            session.execute(delete(model))
        rents = hidden["rents"]
        rooms = [
            {"id": MY_ROOM, "label": "b", "owner": "me", "rent": rents[0], "version": 1},
            {
                "id": THEIR_ROOM,
                "label": hidden["label"],
                "owner": "you",
                "rent": rents[1],
                "version": 1,
            },
        ]
        session.execute(insert(room.__table__), [{**one, **common} for one in rooms])
        mine = [
            {
                "id": one, "title": title, "owner": "me", "room_id": where, "code": None,
                "pay": pay, "version": version, "origin": origin, **common,
            }
            for one, (title, where), (pay, version, origin) in zip(
                MINE, seen, hidden["pays"], strict=True
            )
        ]  # fmt: skip
        theirs = [
            {
                "id": one, "title": title, "owner": "you", "room_id": MY_ROOM, "code": f"their {pay} {one}",
                "pay": pay, "version": 1, "origin": "x", **common,
            }
            for one, (title, pay) in zip(THEIRS, hidden["theirs"], strict=False)
        ]  # fmt: skip
        # On the table: the ORM would begin each count of writes at one.
        session.execute(insert(entry.__table__), mine + theirs)


UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NEW = "00000000-0000-0000-0000-000000000000"
ETAG = re.compile(rf'(?<="id":"{NEW}",)"etag":"(?:[^"\\]|\\.)*"')
"""The ETag of a new row: made of its id, and quoted in a JSON string."""


def answers(system, requests, who):
    """What is answered, byte for byte but for what is another each time: new ids, moments, cursors."""
    found = []
    for method, path, pairs, body, headers in requests:
        target = f"{path}?{urlencode(pairs)}" if pairs else path
        for _ in range(2):  # a page and what it leads to
            answer = system.app.request(
                target,
                method=method,
                body=b"" if body is None else json.dumps(body).encode(),
                headers={
                    "Accept": "application/json",
                    **({} if body is None else {"Content-Type": "application/json"}),
                    **headers,
                    **header_of("me", who),
                },
                status="*",
            )
            text = UUID.sub(lambda one: one[0] if one[0] in ALL_IDS else NEW, answer.text)
            text = re.sub(r'"request_id":"[^"]*"', "", text)
            text = re.sub(r'"changed_at":"[^"]*"', "", text)
            text = re.sub(r"(cursor=|\"(?:next|prev)_cursor\":\")[\w~.-]+", r"\1", text)
            kept = {"Content-Type", "Location", "ETag", "Allow"}
            told = {name: value for name, value in answer.headers.items() if name in kept}
            if NEW in text or "cursor" in text or ":batch" in path:
                told.pop("ETag", None)
                text = ETAG.sub("", text)
            found.append((method, target, answer.status_int, told.get("ETag"), text))
            following = (
                answer.json.get("next") if answer.content_type == "application/json" else None
            )
            if method != "GET" or not following:
                break
            target = "{0.path}?{0.query}".format(urlsplit(following))
            found[-1] = (*found[-1][:1], path, *found[-1][2:])
    return [(*one[:1], re.sub(r"cursor=.*", "", one[1]), *one[2:]) for one in found]


ALWAYS = [
    *(("GET", f"{ENTRIES}/{one}", {"expand": "room"}, None, {}) for one in (*MINE, THEIRS[0])),
    ("GET", ENTRIES, {"limit": "2", "count": "estimated"}, None, {}),
    ("GET", ENTRIES, {"q": "a"}, None, {}),
    *(("GET", ENTRIES, {f"{name}[gte]": "1"}, None, {}) for name in ("pay", "earned", "room.rent")),
    ("GET", ENTRIES, {"room.label": "a"}, None, {}),
    (
        "POST",
        f"{ENTRIES}:search",
        {},
        {"where": {"not": {"field": "room.label", "value": "a"}}},
        {},
    ),
    *(("GET", ENTRIES, {"sort": name}, None, {}) for name in ("pay", "-by_pay")),
    ("GET", f"{ENTRIES}:changes", {"limit": "3"}, None, {}),
    ("PATCH", f"{ENTRIES}/{MINE[0]}", {}, {"title": "b"}, {"If-Match": '"1"'}),
    ("PATCH", f"{ENTRIES}/{MINE[0]}", {}, {"origin": "a"}, {}),
    ("PATCH", f"{ENTRIES}/{MINE[0]}", {}, [{"op": "test", "path": "/pay", "value": 1}], PATCH),
    ("PUT", f"{ENTRIES}/{MINE[1]}", {}, {"title": "a"}, {}),
    ("DELETE", f"{ENTRIES}/{THEIRS[0]}", {}, None, {}),
]
"""What no example should leave out; the rest of its requests are drawn."""

PROPERTY = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@given(
    seen=seen_state,
    one=hidden_state,
    other=hidden_state,
    requests=st.lists(asked(), min_size=1, max_size=6),
    creates=st.booleans(),
)
@PROPERTY
def test_what_is_hidden_changes_no_answer(diary, seen, one, other, requests, creates):
    who = ["diary.read", "diary.write", *(["diary.create"] if creates else [])]
    fill(diary, seen, one)
    before = answers(diary, requests + ALWAYS, who)
    fill(diary, seen, other)
    assert answers(diary, requests + ALWAYS, who) == before
