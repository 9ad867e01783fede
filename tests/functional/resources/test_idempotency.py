"""`Idempotency-Key`: a POST that is sent again is carried out once and answered as it was."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from talatat.composing import compose
from talatat.db import new_id, utcnow
from talatat.errors import AddonError
from talatat.web.idempotency.keeping import PRUNED_AT_ONCE, table

OWNER = {"X-Role": "owner"}
CLERK = {"X-Role": "clerk"}
THINGS = "/api/store/v1/things"
SAME = ("Content-Type", "ETag", "Location", "Cache-Control")


@pytest.fixture
def posted(posted: Any) -> Any:
    with posted.session() as session:
        session.execute(sa.delete(table))
    return posted


def post(system: Any, body: Any, key: str | None = "k-1", path: str = THINGS, **more: Any) -> Any:
    headers = {**more.pop("headers", OWNER), **({} if key is None else {"Idempotency-Key": key})}
    return system.app.post_json(path, body, headers=headers, **more)


def names(system: Any) -> list[str]:
    rows = system.app.get(f"{THINGS}?sort=name", headers=OWNER).json["items"]
    return [row["name"] for row in rows]


def kept(system: Any) -> int:
    with system.session(reading=True) as session:
        return int(session.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def replays(first: Any, again: Any) -> None:
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert (again.status_int, again.body) == (first.status_int, first.body)
    for name in SAME:
        assert again.headers.get(name) == first.headers.get(name), name


def test_the_second_request_is_answered_as_the_first_and_does_nothing(posted: Any) -> None:
    thing = {"name": "spoon", "stars": {"points": 1}}
    first, again = post(posted, thing), post(posted, thing)
    replays(first, again)
    assert first.status_int == 201
    url = f"{THINGS}/{first.json['id']}"
    for path, body in (
        (f"{THINGS}:sell", {"quantity": 2}),
        (f"{THINGS}:batch", {"items": [{"operation": "create", "body": {"name": "batched"}}]}),
        (f"{url}:retire", {}),
        (f"{url}:forget", {}),
    ):
        replays(post(posted, body, path=path), post(posted, body, path=path))
    assert posted.app.get(url, headers=OWNER, expect_errors=True).status_int == 404
    assert names(posted).count("batched") == 1
    assert posted.post.committed.count("spoon") == 1
    assert kept(posted) == 5


def test_a_key_belongs_to_a_principal_a_route_and_a_path(posted: Any) -> None:
    row = post(posted, {"name": "a"}).json
    for headers, path in (
        (CLERK, THINGS),
        (OWNER, f"{THINGS}/{row['id']}:retire"),
        (OWNER, f"{THINGS}/{post(posted, {'name': 'b'}, 'k-2').json['id']}:retire"),
    ):
        body = {"name": "a"} if path == THINGS else {}
        answer = post(posted, body, headers=headers, path=path)
        assert "Idempotent-Replay" not in answer.headers
    assert names(posted) == ["a", "a", "b"]


def test_another_request_under_the_key_is_refused(posted: Any) -> None:
    post(posted, {"name": "a"})
    for path, body in ((THINGS, {"name": "b"}), (f"{THINGS}?fields=id", {"name": "a"})):
        refused = post(posted, body, path=path, status=422)
        assert refused.json["code"] == "idempotency_key_reused"
    headers = {**OWNER, "Idempotency-Key": "k-1", "Content-Type": "application/json; charset=utf-8"}
    posted.app.post(THINGS, json.dumps({"name": "a"}), headers=headers, status=422)
    assert names(posted) == ["a"]


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "ü", "a\tb"])
def test_a_key_is_up_to_255_printable_characters(posted: Any, key: str) -> None:
    refused = post(posted, {"name": "a"}, key, status=400)
    assert refused.json["code"] == "idempotency_key_invalid"
    assert refused.json["errors"][0]["header"] == "Idempotency-Key"
    assert names(posted) == []


def test_a_refusal_of_the_operation_is_kept_and_what_it_did_is_not(posted: Any) -> None:
    for at, (body, status) in enumerate(
        (({"name": "refused"}, 409), ({"name": ""}, 422), ({"name": "x", "box_id": new_id()}, 409))
    ):
        first = post(posted, body, f"key {at}", status=status)
        replays(first, post(posted, body, f"key {at}", status=status))
    posted.app.post(THINGS, "{", headers={**OWNER, "Idempotency-Key": "k", "Content-Type": "text/x"},
                    status=415)  # fmt: skip
    items = [{"operation": "create", "body": {"name": "one"}},
             {"operation": "create", "body": {"name": "refused"}}]  # fmt: skip
    first = post(posted, {"items": items}, "batch", path=f"{THINGS}:batch", status=409)
    replays(first, post(posted, {"items": items}, "batch", path=f"{THINGS}:batch", status=409))
    assert (names(posted), posted.post.committed, posted.deliver()) == ([], [], 0)
    assert kept(posted) == 5


def test_what_may_be_answered_otherwise_next_time_is_not_kept(posted: Any) -> None:
    post(posted, {"name": "a"}, headers={}, status=401)
    post(posted, {"name": "a"}, headers={"X-Role": "nobody"}, status=403)
    post(posted, {"name": "a", "cost": 3}, headers=CLERK, status=403)
    post(posted, {"name": "a" * 2**20}, status=413)
    posted.post.failing.append("bug")
    post(posted, {"name": "bug"}, status=500)
    assert kept(posted) == 0
    posted.post.failing.clear()
    assert post(posted, {"name": "bug"}, status=201).json["name"] == "bug"


def test_what_is_only_tried_is_not_kept(posted: Any) -> None:
    tried = f"{THINGS}?validate_only=true"
    assert post(posted, {"name": "a"}, path=tried).status_int == 200
    post(posted, {"name": ""}, path=tried, status=422)
    assert kept(posted) == 0
    assert post(posted, {"name": "a"}).status_int == 201


def test_a_replay_shows_nothing_that_may_not_be_seen_any_more(posted: Any) -> None:
    security = posted.system.security
    first = post(posted, {"name": "a", "cost": 5})
    patterns = security._patterns["owner"]
    try:
        security._patterns["owner"] = tuple(p for p in patterns if p != "store.read_cost")
        refused = post(posted, {"name": "a", "cost": 5}, status=409).json
        security._patterns["owner"] = ()
        post(posted, {"name": "a", "cost": 5}, status=403)
    finally:
        security._patterns["owner"] = patterns
    assert refused["code"] == "idempotency_not_repeated"
    assert (refused["original_status"], refused["location"]) == (201, first.headers["Location"])
    assert "cost" not in refused
    replays(first, post(posted, {"name": "a", "cost": 5}))


class Narrowing:
    """Whom another source knows, narrowed to the access that a header names."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def identify(self, request: Any) -> Any:
        found, access = self.source.identify(request), request.headers.get("X-Access")
        return replace(found, resources=frozenset({access})) if found and access else found


def test_a_replay_is_not_for_a_token_of_the_same_account_that_sees_less(
    posted: Any, monkeypatch: Any
) -> None:
    sources = posted.system.security.sources
    for name in sources:
        monkeypatch.setitem(sources, name, Narrowing(sources[name]))
    narrow = {**OWNER, "X-Access": "store.things:write"}
    first = post(posted, {"name": "a"}, status=201)
    refused = post(posted, {"name": "a"}, headers=narrow, status=409).json
    assert refused["code"] == "idempotency_not_repeated"
    replays(first, post(posted, {"name": "a"}))


def test_a_replay_shows_no_field_of_an_addon_that_sleeps(posted: Any) -> None:
    post(posted, {"name": "a", "stars": {"points": 1}})
    composition = posted.system.composition
    try:
        posted.system.composition = composition.without({"stars": "asleep"})
        refused = post(posted, {"name": "a", "stars": {"points": 1}}, status=409).json
    finally:
        posted.system.composition = composition
    assert refused["code"] == "idempotency_not_repeated"
    assert names(posted) == ["a"]


def test_keys_are_kept_for_a_day_and_what_has_expired_goes_little_by_little(posted: Any) -> None:
    post(posted, {"name": "a"})
    with posted.session() as session:
        (row,) = session.execute(sa.select(table)).mappings()
        made = row["created_at"]
        assert row["expires_at"] - made == dt.timedelta(hours=24)
        past = {"expires_at": utcnow() - dt.timedelta(seconds=1)}
        session.execute(sa.update(table).values(past))
        session.execute(
            sa.insert(table),
            [{**row, **past, "id": f"old-{at}"} for at in range(2 * PRUNED_AT_ONCE)],
        )
    assert "Idempotent-Replay" not in post(posted, {"name": "a"}).headers
    assert names(posted) == ["a", "a"]
    assert PRUNED_AT_ONCE <= kept(posted) <= PRUNED_AT_ONCE + 2
    post(posted, {"name": "b"}, "k-2")
    post(posted, {"name": "c"}, "k-3")
    assert kept(posted) == 3


def test_the_key_is_on_posts_alone_and_costs_no_statement_without(posted: Any) -> None:
    row = post(posted, {"name": "a"}, key=None).json
    headers = {**OWNER, "Idempotency-Key": "x" * 300}
    posted.app.get(THINGS, headers=headers, status=200)
    posted.app.patch_json(f"{THINGS}/{row['id']}", {"name": "b"}, headers=headers, status=200)
    assert kept(posted) == 0


def test_neither_the_key_nor_a_digest_to_try_bodies_on_is_in_the_table(posted: Any) -> None:
    post(posted, {"name": "a"}, "first key")
    post(posted, {"name": "a"}, "second key")
    with posted.session() as session:
        rows = session.execute(sa.select(table)).all()
    assert len({row.request_digest for row in rows}) == 2
    assert "first key" not in repr(rows)


def test_what_pyramid_retry_tries_again_is_carried_out_once_and_a_lost_race_is_not_kept(
    posted: Any,
) -> None:
    posted.post.flaky[:] = [1, 2]
    first = post(posted, {"name": "a"}, status=201)
    replays(first, post(posted, {"name": "a"}))
    posted.post.flaky[:] = [1, 2, 3]
    assert post(posted, {"name": "b"}, "k-2", status=409).json["code"] == "conflict"
    assert post(posted, {"name": "b"}, "k-2", status=201).json["name"] == "b"
    assert (names(posted), posted.post.committed) == (["a", "b"], ["a", "b"])


KEYED = {
    "__init__.py": """
        from cornice import Service
        from talatat.resources import Resource, collection_action
        from PKG_store.models import Thing

        made = []
        notes = Service("notes", "/api/keyed/v1/notes")
        secrets = Service("secrets", "/api/keyed/v1/secrets")
        pages = Service("pages", "/pages")

        @notes.post(permission="public")
        def note(request):
            made.append(request.text)
            if request.text == "wrong":
                request.errors.add("body", "text", "is wrong")
                return
            request.response.status_int = 201
            request.response.headers["Location"] = f"/notes/{len(made)}"
            return {"number": len(made)}

        @secrets.post(permission="public", idempotency="refused")
        def secret(request):
            return {"secret": "s3cret"}

        @pages.post(permission="public")
        def page(request):
            made.append("page")
            response = request.response
            response.set_cookie("a", "b")
            return {"number": len(made)}

        class Jars(Resource):
            name = "jars"
            model = Thing
            operations = ("create",)
            permissions = {"read": "public", "write": "public"}
            require_idempotency_key = True

            @collection_action("shake", require_idempotency_key=False)
            def shake(self, request) -> dict:
                return {"shaken": True}

            @collection_action("open")
            def open(self, request) -> dict:
                response = request.response
                response.set_cookie("a", "b")
                made.append("open")
                response.json_body = {"number": len(made)}
                return response

            @collection_action("mint", answers_secret=True)
            def mint(self, request) -> dict:
                return {"secret": "s3cret"}

        def includeme(config):
            for one in (notes, secrets, pages):
                config.add_cornice_service(one)
            config.add_resource(Jars)
        """
}


@pytest.fixture
def keyed(request: pytest.FixtureRequest, kept: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    if "keyed" not in kept.systems:
        kept.system(request, "sqlite", "stars")  # the addons are written now
        kept.addons.write("keyed", KEYED, requires=("store",))
        monkeypatch.syspath_prepend(str(kept.folder))
        url = f"sqlite:///{kept.folder}/keyed.sqlite"
        kept.systems["keyed"] = kept.stack.enter_context(kept.addons.composed("keyed", url=url))
        kept.systems["keyed"].made = kept.addons.module("keyed").made
    system = kept.systems["keyed"]
    with system.session() as session:
        session.execute(sa.delete(table))
    system.made.clear()
    return system


def test_what_answers_a_secret_says_in_the_document_that_it_takes_no_key(keyed: Any) -> None:
    paths = keyed.app.get("/api/openapi.json").json["paths"]
    said = {path: one["post"].get("x-idempotency") for path, one in paths.items() if "post" in one}
    assert said["/api/keyed/v1/jars:mint"] == "refused"
    assert said["/api/keyed/v1/secrets"] == "refused"
    assert said["/api/keyed/v1/jars:open"] is said["/api/keyed/v1/notes"] is None


def test_services_written_by_hand_take_keys_too(keyed: Any) -> None:
    notes = "/api/keyed/v1/notes"
    headers = {"Idempotency-Key": "n", "Content-Type": "text/plain"}
    answers = [keyed.app.post(notes, "a", headers=headers, status=201) for _ in range(2)]
    replays(*answers)
    keyed.app.post(notes, "b", headers=headers, status=422)
    headers["Idempotency-Key"] = "w"
    replays(*[keyed.app.post(notes, "wrong", headers=headers, status=422) for _ in range(2)])
    for _ in range(2):  # what is not below /api has no such header
        keyed.app.post("/pages", headers=headers, status=200)
    assert keyed.made == ["a", "wrong", "page", "page"]


def test_secrets_are_not_kept(keyed: Any) -> None:
    key = {"Idempotency-Key": "s"}
    for path in ("/api/keyed/v1/secrets", "/api/keyed/v1/jars:mint"):
        assert (
            keyed.app.post(path, headers=key, status=400).json["code"] == "idempotency_key_refused"
        )
        assert keyed.app.post(path, status=200).json == {"secret": "s3cret"}
    opened = "/api/keyed/v1/jars:open"
    keyed.app.post(opened, headers=key, status=200)
    refused = keyed.app.post(opened, headers=key, status=409)
    assert refused.json["code"] == "idempotency_not_repeated"
    assert "Set-Cookie" not in refused.headers
    assert keyed.made == ["open"]


def test_a_resource_or_an_action_may_require_a_key(keyed: Any) -> None:
    jars = "/api/keyed/v1/jars"
    for path, body in (
        (jars, {"name": "a"}),
        (f"{jars}:batch", {"items": []}),
        (f"{jars}:open", {}),
    ):
        refused = keyed.app.post_json(path, body, status=400).json
        assert refused["code"] == "idempotency_key_required"
    keyed.app.post(f"{jars}:shake", status=200)
    keyed.app.post_json(jars, {"name": "a"}, headers={"Idempotency-Key": "j"}, status=201)


def test_the_document_tells_which_operations_take_a_key(keyed: Any) -> None:
    paths = keyed.app.get("/api/openapi.json").json["paths"]
    found = {}
    for path, item in paths.items():
        if "keyed" in path and "post" in item:
            parameters = {one["name"]: one for one in item["post"].get("parameters", ())}
            given = parameters.get("Idempotency-Key")
            found[path.rpartition("/")[2]] = None if given is None else given["required"]
            if given:
                responses = item["post"]["responses"]
                assert {"400", "409", "422"} <= set(responses)
                assert all("Idempotent-Replay" in responses[status]["headers"]
                           for status in responses if status.startswith("2"))  # fmt: skip
    assert found == {
        "notes": False, "secrets": None, "jars": True, "jars:batch": True, "jars:open": True,
        "jars:shake": False, "jars:mint": None,
    }  # fmt: skip


def test_a_refusal_that_cannot_be_kept_is_told_all_the_same(posted: Any) -> None:
    def fail(connection: Any, cursor: Any, statement: str, *details: Any) -> None:
        if statement.startswith("INSERT INTO talatat_idempotency"):
            raise sa.exc.OperationalError(statement, {}, Exception("busy"))

    engine = posted.system.database.engine
    sa.event.listen(engine, "before_cursor_execute", fail)
    try:
        first = post(posted, {"name": "refused"}, status=409)
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)
    assert (first.json["detail"], kept(posted), names(posted)) == ("The post refuses", 0, [])
    assert "Idempotent-Replay" not in post(posted, {"name": "refused"}, status=409).headers
    assert kept(posted) == 1


def test_a_view_cannot_say_what_does_not_exist(store_addons: Any, sqlite_url: str) -> None:
    wrong = KEYED["__init__.py"].replace('idempotency="refused"', 'idempotency="never"')
    store_addons.write("keyed", {"__init__.py": wrong}, requires=("store",))
    composition = store_addons.composition("keyed", url=sqlite_url)
    with pytest.raises(AddonError, match="'required', 'refused', 'ignored'"):
        compose(composition)
