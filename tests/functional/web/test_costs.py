"""What requests cost is counted by addon and route, written together, and told to those who may know."""

from __future__ import annotations

import datetime as dt
import logging
import os
import sqlite3
import threading
import time

import pytest
import sqlalchemy as sa
from bench.growth.counting import calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from webob import Request

from talatat.db.types import utcnow
from talatat.testing import servers
from talatat.testing.identities import HEADER, ByHeader
from talatat.web import gathering
from talatat.web.costs.counting import (
    HOUR,
    KEPT_DAYS,
    OTHERS,
    Cost,
    Costs,
    ICosts,
    moment,
    table,
    writers,
)
from talatat.web.costs.report import beginning, report

MAY = {HEADER: "ann talatat.costs"}
PAGES = {
    "__init__.py": """
        import sqlalchemy as sa
        from pyramid.httpexceptions import HTTPNotFound
        from pyramid.response import Response
        from pyramid_retry import RetryableException
        from talatat.db.prepared import Prepared

        ONE = Prepared(sa.select(sa.literal(1)))

        def asking(request):
            for _ in range(int(request.matchdict["times"])):
                request.db.execute(sa.text("SELECT 1"))
            return Response("asked")

        def ways(request):
            "A statement by each of three ways, two of them past the session."
            database = request.registry.system.database
            database.read(request, ONE, {})
            request.db.execute(sa.text("SELECT 1"))
            driver = request.db.connection().connection.driver_connection
            driver.execute("SELECT 1").close()
            return Response("asked")

        def failing(request):
            raise LookupError("the plank gave way")

        def missing(request):
            raise HTTPNotFound()

        def busy(request):
            request.db.execute(sa.text("SELECT 1"))
            if request.environ["retry.attempt"] < 2:
                raise RetryableException
            return Response("at the third try")

        def includeme(config):
            config.add_route("asking", "/asking/{times}")
            config.add_view(asking, route_name="asking", permission="public")
            for view in (ways, failing, missing, busy):
                config.add_route(view.__name__, f"/{view.__name__}")
                config.add_view(view, route_name=view.__name__, permission="public", request_method="GET")
        """
}


def of_pages(addons, url, **how):
    addons.write("pages", PAGES)
    with addons.composed("pages", url=url, **how) as system:
        system.system.security.sources["tests"] = ByHeader()
        if how.get("migrate", True):
            system.app.get("/asking/0")  # the first request looks at the database
            if costs := system.registry.queryUtility(ICosts):
                costs.reset()
        yield system


@pytest.fixture
def pages(addons, sqlite_url):
    yield from of_pages(addons, sqlite_url)


@pytest.fixture
def everywhere(addons, database_url):
    yield from of_pages(addons, database_url)


def costs_of(system):
    return system.registry.getUtility(ICosts)


def asked(system, query="", status=200):
    return system.app.get(f"/api/costs{query}", headers=MAY, status=status).json


def seen(system):
    """{(addon, route, method): what was written of it}."""
    with system.system.database.engine.connect() as connection:
        found = report(connection, beginning("1h", utcnow()), "route")
    return {(one.addon, one.route, one.method): one.cost for one in found.lines}


def test_each_request_is_counted_under_its_addon_route_and_method(everywhere):
    app = everywhere.app
    for times in (1, 4):
        app.get(f"/asking/{times}", status=200)
    app.get("/ways", status=200)
    app.get("/missing", status=404)
    app.post("/ways", status=405)
    app.get("/nowhere", status=404)
    app.get("/failing", status=500)
    app.get("/busy", status=200)
    assert seen(everywhere) == {}  # nothing is written while somebody waits for an answer
    assert costs_of(everywhere).flush()
    found = seen(everywhere)
    assert {
        key[1:]: (one.requests, one.refused, one.errors, one.retried, one.statements)
        for key, one in found.items()
    } == {
        ("asking", "GET"): (2, 0, 0, 0, 5),
        ("ways", "GET"): (1, 0, 0, 0, 3),
        ("ways", "POST"): (1, 1, 0, 0, 0),
        ("missing", "GET"): (1, 1, 0, 0, 0),
        ("failing", "GET"): (1, 0, 1, 0, 0),
        ("busy", "GET"): (1, 0, 0, 2, 3),
        (None, "GET"): (1, 1, 0, 0, 0),
    }
    owners = {key[1]: key[0] for key in found}
    assert (owners.pop(None), set(owners.values())) == ("talatat", {"pages"})
    for one in found.values():
        assert one.cpu_ns > 0
        assert one.slowest_ns <= one.wall_ns


def test_whoever_may_is_told_by_addon_or_route_and_as_the_document_says(everywhere):
    for times in (1, 4):
        everywhere.app.get(f"/asking/{times}")
    everywhere.app.get("/nowhere", status=404)
    assert asked(everywhere)["costs"] == []
    costs_of(everywhere).flush()
    found = asked(everywhere)
    assert {one["addon"]: one["requests"] for one in found["costs"]} == {"pages": 2, "talatat": 2}
    assert found["total"]["requests"] == 4
    assert found["total"]["statements"] >= 5
    assert sum(one["share"] for one in found["costs"]) == pytest.approx(1, abs=0.001)
    assert found["processes"] == 1
    assert found["since_at"] < found["first_at"] <= found["last_at"]
    (line,) = asked(everywhere, "?by=route&addon=pages&since=2d&sort=statements")["costs"]
    assert (line["route"], line["method"]) == ("asking", "GET")
    assert (line["statements"], line["statements_per_request"]) == (5, 2.5)

    document = everywhere.app.get("/api/openapi.json").json
    operation = document["paths"]["/api/costs"]["get"]
    assert operation["x-permission"] == "talatat.costs"
    schema = {"$ref": "#/components/schemas/cost_report", "components": document["components"]}
    Draft202012Validator(schema).validate(found)
    for parameter in operation["parameters"]:
        for value in parameter["schema"].get("enum", [parameter["schema"].get("default")]):
            if value is not None:
                asked(everywhere, f"?{parameter['name']}={value}")


def test_nobody_else_is_told_and_a_wrong_question_is_refused(pages):
    pages.app.get("/api/costs", status=401)
    pages.app.get("/api/costs", headers={HEADER: "bob talatat.health"}, status=403)
    pages.app.post("/api/costs", headers=MAY, status=405)
    for query, code in (
        ("?since=soon", "invalid_parameter"),
        ("?since=0h", "invalid_parameter"),
        ("?by=day", "invalid_parameter"),
        ("?sort=name", "invalid_parameter"),
        ("?colour=red", "unknown_parameter"),
    ):
        assert asked(pages, query, status=400)["code"] == code
    assert "hours or days" in asked(pages, "?since=soon", status=400)["detail"]


def test_words_that_clients_make_up_are_counted_together(pages):
    for word in ("BREW", "WHEN", "PROPFIND"):
        Request.blank("/asking/1", method=word).get_response(pages.app.app)
        pages.app.get(f"/{word}", status=404)
    costs_of(pages).flush()
    found = {key[1:]: one.requests for key, one in seen(pages).items()}
    assert found == {("asking", OTHERS): 3, (None, "GET"): 3}


def test_what_finds_no_room_is_counted_under_its_addon(pages, monkeypatch):
    monkeypatch.setattr(Costs, "most", 3)
    costs = costs_of(pages)
    for number in range(10):
        costs.add((500_000, "pages", f"route{number}", "GET"), Cost(requests=1))
    pages.app.get("/livez")
    assert {key[1:]: one.requests for key, one in costs._counts.items()} == {
        ("pages", "route0", "GET"): 1,
        ("pages", "route1", "GET"): 1,
        ("pages", "route2", "GET"): 1,
        ("pages", OTHERS, OTHERS): 7,
        ("talatat", OTHERS, OTHERS): 1,
    }


def test_threads_count_their_own_statements_and_lose_no_request(everywhere):
    def work(times):
        for _ in range(20):
            everywhere.app.get(f"/asking/{times}", status=200)
            costs_of(everywhere).flush()

    threads = [threading.Thread(target=work, args=(times,)) for times in (0, 1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert costs_of(everywhere).flush()
    one = seen(everywhere)["pages", "asking", "GET"]
    assert (one.requests, one.statements) == (80, 20 * (0 + 1 + 2 + 3))


NUMBER = st.integers(0, 10**13)
COST = st.builds(Cost, *[NUMBER] * 8)
KEY = st.tuples(
    st.sampled_from([500_000, 500_001]), st.sampled_from(["a", "b"]), st.sampled_from(["r", ""]),
    st.sampled_from(["GET", OTHERS]),
)  # fmt: skip


def test_what_is_written_is_the_sum_however_it_was_parted(everywhere):
    """Over two processes, flushes at any time, and some that fail."""
    system = everywhere.system

    def broken(connection, counts):
        Costs.write(costs[0], connection, counts)
        raise OSError("when all was sent but the commit")

    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.lists(st.tuples(KEY, COST, st.sampled_from(["", "", "flush", "fail"]), st.booleans()))
    )
    def check(noted):
        with system.database.engine.begin() as connection:
            connection.execute(sa.delete(table))
        costs[:] = [Costs(system), Costs(system)]
        wanted = {}
        for key, cost, then, second in noted:
            one = costs[second]
            one.add(key, cost)
            wanted.setdefault(key, Cost()).merge(cost)
            if then == "fail":
                one.write = broken
                assert not one.flush()
                del one.write
            elif then:
                assert one.flush()
        assert all(one.flush() for one in costs)
        with system.database.engine.connect() as connection:
            rows = connection.execute(sa.select(table)).mappings().all()
        assert {
            (row["hour"], row["addon"], row["route"], row["method"]): Cost(
                **{name: row[name] for name in Cost.__slots__}
            )
            for row in rows
        } == {(moment(key[0]), *key[1:]): cost for key, cost in wanted.items()}

    costs: list[Costs] = []
    check()


def test_a_fork_writes_what_it_counted_and_its_parent_the_rest(everywhere):
    everywhere.app.get("/asking/1")
    child = os.fork()
    if child == 0:
        everywhere.system.database.engine.dispose(close=False)
        everywhere.app.get("/asking/2")
        os._exit(0 if costs_of(everywhere).flush() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert seen(everywhere)["pages", "asking", "GET"].requests == 1
    assert costs_of(everywhere).flush()
    assert seen(everywhere)["pages", "asking", "GET"].requests == 2
    assert asked(everywhere)["processes"] == 2


def test_a_process_that_serves_writes_by_itself_and_the_rest_when_it_ends(pages, monkeypatch):
    monkeypatch.setattr(gathering, "EVERY", 0.05)
    monkeypatch.setattr(pages.system, "serving", True)
    pages.app.get("/asking/1")
    give_up = time.monotonic() + 20
    while not seen(pages) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert seen(pages)["pages", "asking", "GET"].requests == 1
    monkeypatch.setattr(gathering, "EVERY", 60)
    costs_of(pages).stop()
    pages.app.get("/asking/1")
    costs_of(pages).stop()
    assert seen(pages)["pages", "asking", "GET"].requests == 2


def test_while_the_database_cannot_be_written_requests_are_counted_and_the_log_says_it_once(
    addons, sqlite_url, caplog
):
    for system in of_pages(addons, sqlite_url, settings={"talatat.db.lock_timeout": "0.05"}):
        system.app.get("/asking/1")
        other = sqlite3.connect(system.system.database.url.database, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with caplog.at_level(logging.WARNING, "talatat.web.gathering"):
            assert not costs_of(system).flush()
            assert not costs_of(system).flush()
            other.execute("ROLLBACK")
            system.app.get("/asking/1")
            assert costs_of(system).flush()
        other.close()
        assert seen(system)["pages", "asking", "GET"].requests == 2
        first, second = (
            one.message for one in caplog.records if one.name == "talatat.web.gathering"
        )
        assert first.startswith("costs of requests are written later: ")
        assert second == "costs of requests are written again"


def test_a_server_that_was_killed_gets_what_was_counted_when_it_is_back(addons):
    with servers.PostgreSQL() as server:
        for system in of_pages(addons, server.create_database()):
            system.app.get("/asking/1")
            with system.system.database.engine.connect() as connection:
                connection.execute(sa.text("CHECKPOINT"))  # the server of tests commits lazily
            server.restart()
            assert not costs_of(system).flush()  # on a connection of the server that was
            assert costs_of(system).flush()
            assert seen(system)["pages", "asking", "GET"].requests == 1


def test_before_the_database_is_at_the_composition_nothing_is_written_there(
    addons, sqlite_url, caplog
):
    for system in of_pages(addons, sqlite_url, migrate=False):
        system.app.get("/asking/1", status=503)
        with caplog.at_level(logging.WARNING, "talatat.web.gathering"):
            assert not costs_of(system).flush()
        assert [one for one in caplog.records if one.name == "talatat.web.gathering"] == []
        (key,) = costs_of(system)._counts
        assert key[1:] == ("talatat", "", "GET")  # it was refused before a route was looked for


def test_what_was_counted_long_ago_is_forgotten(everywhere):
    everywhere.app.get("/asking/0")
    now = int(utcnow().timestamp()) // HOUR
    costs = costs_of(everywhere)
    costs.add((now - (KEPT_DAYS + 1) * 24, "pages", "asking", "GET"), Cost(requests=5))
    assert costs.flush()
    engine = everywhere.system.database.engine
    with engine.connect() as connection:
        for kept in (table, writers):
            (hour,) = connection.scalars(sa.select(kept.c.hour).distinct())
            assert utcnow() - hour < dt.timedelta(hours=2)


def test_a_period_is_of_whole_hours():
    now = dt.datetime(2026, 5, 4, 3, 59, 30, tzinfo=dt.UTC)
    assert beginning("1h", now) == dt.datetime(2026, 5, 4, 2, tzinfo=dt.UTC)
    assert beginning("7d", now) == dt.datetime(2026, 4, 27, 3, tzinfo=dt.UTC)
    for wrong in ("", "7", "d", "-1h", "0d", "1w", "99999h"):
        with pytest.raises(ValueError, match="hours or days"):
            beginning(wrong, now)


@pytest.fixture
def uncounted(addons, sqlite_url):
    yield from of_pages(addons, sqlite_url, settings={"talatat.costs": "false"})


def test_switched_off_nothing_is_counted(uncounted):
    uncounted.app.get("/asking/1", status=200)
    assert uncounted.registry.queryUtility(ICosts) is None
    assert (asked(uncounted)["costs"], asked(uncounted)["processes"]) == ([], 0)


def test_counting_takes_a_handful_of_calls_of_a_request_and_of_a_statement(pages, addons, tmp_path):
    """`python bench/costs_price.py` tells what that is in time."""
    url = f"sqlite:///{tmp_path}/uncounted.sqlite"
    with addons.composed("pages", url=url, settings={"talatat.costs": "false"}) as uncounted:
        livez, one, many = (
            fewest(pages, path) - fewest(uncounted, path)
            for path in ("/livez", "/asking/1", "/asking/11")
        )
    assert 0 < livez <= 10  # of about 500
    assert 0 < (many - one) / 10 <= 5  # of about 200


def fewest(system, path):
    for _ in range(6):
        system.app.get(path)
    return min(calls(lambda: system.app.get(path, status=200)) for _ in range(4))
