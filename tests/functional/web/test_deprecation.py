"""What is deprecated says so in headers and in the document, and who still uses it is counted."""

from __future__ import annotations

import datetime as dt
import logging
import time
from functools import partial

import pytest

from talatat.db.types import utcnow
from talatat.resources import Deprecation
from talatat.testing.identities import HEADER, ByHeader
from talatat.web import gathering
from talatat.web.deprecated_uses import KEPT_DAYS, OTHERS, Count, table, used
from talatat.web.deprecation import IDeprecatedUses

OLD = {
    "__init__.py": """
        from datetime import date
        from cornice import Service
        from talatat.resources import Deprecation, Resource, collection_action, item_action
        from PKG_shelf.models import Book

        PAGE = "https://shelf.example/moving"
        GOING = Deprecation(since=date(2026, 1, 1), sunset=date(2027, 1, 1), link=PAGE)

        class Books(Resource):
            name, model, operations = "books", Book, ("list", "get", "create")
            permissions = {"read": "public", "write": "old.write"}

            @item_action("open", deprecated=GOING)
            def open(self, request, row) -> Book:
                return row

        class Volumes(Resource):
            '''Books, as they were called.'''
            name, model, operations = "volumes", Book, ("list", "create")
            permissions = {"read": "public", "write": "old.write"}
            deprecated = Deprecation(since=date(2026, 6, 1))

        hello = Service("hello", "/api/old/v1/hello")

        @hello.get(permission="public", deprecated=GOING)
        def get_hello(request):
            return {}

        @hello.put(permission="public")
        def put_hello(request):
            return {}

        def includeme(config):
            config.add_permission("old.write", "Write")
            config.add_resource(Books)
            config.add_resource(Volumes)
            config.add_cornice_service(hello)
        """
}
BOOKS, VOLUMES = "/api/old/v1/books", "/api/old/v1/volumes"
OPEN = "POST /api/old/v1/books/{id}:open"


def with_old_things(shelf, url):
    shelf.write("old", OLD, requires=("shelf",))
    with shelf.composed("old", url=url) as system:
        system.system.security.sources["tests"] = ByHeader()
        yield system


@pytest.fixture
def old(shelf, sqlite_url):
    yield from with_old_things(shelf, sqlite_url)


@pytest.fixture
def old_everywhere(shelf, database_url):
    yield from with_old_things(shelf, database_url)


def uses_of(system):
    return system.registry.getUtility(IDeprecatedUses)


def seen(system):
    with system.session(reading=True) as session:
        return {one["operation"]: one for one in used(session)}


def test_answers_name_the_days_and_the_page_errors_too_and_use_is_counted_by_client(old_everywhere):
    old = old_everywhere
    ann = {HEADER: "ann old.write"}
    book = old.app.post_json(BOOKS, {"title": "A"}, headers=ann, status=201).json
    for _ in range(2):
        answer = old.app.post(f"{BOOKS}/{book['id']}:open", headers=ann, status=200)
    assert answer.headers["Deprecation"] == "@1767225600"
    assert answer.headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    page = "https://shelf.example/moving"
    assert answer.headers["Link"] == f'<{page}>; rel="deprecation", <{page}>; rel="sunset"'
    gone = f"{BOOKS}/01890a5d-ac96-774b-bcce-b302099a8057:open"
    for headers, status in ((ann, 404), ({}, 401)):  # who may not ask has not used it
        missing = old.app.post(gone, headers=headers, status=status)
        assert missing.headers["Deprecation"] == "@1767225600"
    assert "Deprecation" not in old.app.get(BOOKS).headers
    old.app.get("/api/old/v1/hello")
    assert "Deprecation" not in old.app.put_json("/api/old/v1/hello", {}).headers

    assert seen(old) == {}  # nothing is written while somebody waits for an answer
    assert uses_of(old).flush()
    found = seen(old)
    assert found[OPEN]["uses"] == 3
    assert found[OPEN]["clients"] == {"tests ann": 3}
    assert found[OPEN]["last"].date() == dt.datetime.now(dt.UTC).date()
    assert found["GET /api/old/v1/hello"]["clients"] == {"address unknown": 1}
    assert len(found) == 2
    old.app.get("/api/old/v1/hello")
    uses_of(old).stop()
    assert seen(old)["GET /api/old/v1/hello"]["uses"] == 2


def test_who_is_not_logged_in_is_counted_by_the_connection_and_not_by_what_a_header_says(old):
    said = {"X-Forwarded-For": "ann, who pays for it"}
    old.app.get(
        "/api/old/v1/hello", headers=said, extra_environ={"REMOTE_ADDR": "192.0.2.7"}, status=200
    )
    uses_of(old).flush()
    assert seen(old)["GET /api/old/v1/hello"]["clients"] == {"address 192.0.2.7": 1}


def test_a_whole_resource_is_deprecated_by_one_line(old):
    for number in range(2):
        answer = old.app.post_json(
            VOLUMES, {"title": f"V{number}"}, headers={HEADER: "ann old.write"}, status=201
        )
        assert answer.headers["Deprecation"] == "@1780272000"
    page = old.app.get(f"{VOLUMES}?limit=1")
    assert 'rel="next"' in page.headers["Link"]
    assert "Sunset" not in page.headers
    old.app.post_json(VOLUMES, {"title": "V"}, status=401)
    uses_of(old).flush()
    assert seen(old)[f"POST {VOLUMES}"]["uses"] == 2


def test_the_document_tells_of_it(old):
    paths = old.app.get("/api/old/v1/openapi.json").json["paths"]
    opened = paths[f"{BOOKS}/{{id}}:open"]["post"]
    assert opened["deprecated"] is True
    assert (opened["x-deprecated-since"], opened["x-sunset"]) == ("2026-01-01", "2027-01-01")
    assert opened["externalDocs"]["url"] == "https://shelf.example/moving"
    assert {"Deprecation", "Sunset", "Link"} <= set(opened["responses"]["200"]["headers"])
    assert paths[VOLUMES]["get"]["deprecated"] is True
    assert "deprecated" not in paths[BOOKS]["get"]
    hello = paths["/api/old/v1/hello"]
    assert (hello["get"].get("deprecated"), hello["put"].get("deprecated")) == (True, None)


def test_where_the_database_is_away_the_answer_is_not_and_the_count_waits(old, caplog, monkeypatch):
    uses = uses_of(old)

    def gone(connection, counts):
        raise OSError("no database")

    monkeypatch.setattr(uses, "write", gone)
    old.app.get("/api/old/v1/hello", status=200)
    with caplog.at_level(logging.WARNING):
        assert not uses.flush()
    assert "are written later: no database" in caplog.text
    old.app.get("/api/old/v1/hello", status=200)
    monkeypatch.undo()
    assert uses.flush()
    assert seen(old)["GET /api/old/v1/hello"]["uses"] == 2


def test_a_process_that_serves_writes_by_itself_and_tells_a_thousand_clients_apart(
    old, monkeypatch
):
    monkeypatch.setattr(gathering, "EVERY", 0.05)
    monkeypatch.setattr(old.system, "serving", True)
    uses = uses_of(old)
    for number in range(uses.most + 50):
        uses.note("GET /x", f"address {number}")
    give_up = time.monotonic() + 20
    while not seen(old) and time.monotonic() < give_up:
        time.sleep(0.05)
    uses.stop()
    found = seen(old)["GET /x"]
    assert found["uses"] == uses.most + 50
    assert OTHERS in found["clients"] or len(found["clients"]) == uses.most + 50


def test_what_was_used_long_ago_is_forgotten(old):
    moment = utcnow()
    long_ago = moment - dt.timedelta(days=KEPT_DAYS + 1)
    with old.session() as session:
        write = partial(uses_of(old).write, session.connection())
        write({("GET /x", "ann", long_ago.date()): Count(1, long_ago)})
        assert session.query(table).count() == 1
        write({("GET /x", "ann", moment.date()): Count(2, moment)})
        assert [row.uses for row in session.query(table)] == [2]


def test_a_sunset_before_the_deprecation_is_a_mistake():
    with pytest.raises(ValueError, match="is before the deprecation"):
        Deprecation(since=dt.date(2026, 2, 1), sunset=dt.date(2026, 1, 1))
