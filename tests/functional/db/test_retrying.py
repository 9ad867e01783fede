"""Requests that fail because of other requests are tried again, whole, and then succeed."""

import threading

import pytest
from sqlalchemy import text

COUNTERS = {
    "__init__.py": """
        import threading
        from pyramid.response import Response
        from sqlalchemy import text
        from talatat.schema.body import read_json

        tries, before_write, before_second = [], None, None

        def add(request):
            "Reads, lets another writer in, writes."
            tries.append(request.environ["retry.attempt"])
            if request.params.get("isolation"):
                request.db.connection(execution_options={"isolation_level": "SERIALIZABLE"})
            by = read_json(request)["by"] if request.content_length else 1
            value = request.db.scalar(text("SELECT value FROM counters WHERE id = 1"))
            if before_write is not None and tries[-1] == 0:
                before_write()
            request.db.execute(text("UPDATE counters SET value = :v WHERE id = 1"), {"v": value + by})
            return Response(str(value + by))

        def both(request):
            "Locks two rows in the order that it is asked to."
            tries.append(request.environ["retry.attempt"])
            update = text("UPDATE counters SET value = value + 1 WHERE id = :id")
            first, second = request.matchdict["order"].split("-")
            request.db.execute(update, {"id": int(first)})
            if tries.count(0) <= 2 and tries[-1] == 0:
                before_second.wait(10)
            request.db.execute(update, {"id": int(second)})
            return Response("both")

        def fail(request):
            tries.append(request.environ["retry.attempt"])
            request.db.execute(text("UPDATE counters SET value = 0"))
            raise ValueError("a mistake")

        def includeme(config):
            for name, path in (("add", "/add"), ("both", "/both/{order}"), ("fail", "/fail")):
                config.add_route(name, path)
                config.add_view(globals()[name], route_name=name, permission="public")
        """,
    "migrations/versions/0001_counters.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision = "0001_counters", None
        def upgrade():
            op.create_table("counters", sa.Column("id", sa.Integer, primary_key=True),
                            sa.Column("value", sa.Integer, nullable=False))
            op.execute("INSERT INTO counters VALUES (1, 0), (2, 0)")
        """,
}


@pytest.fixture
def counters(addons):
    addons.write("counters", COUNTERS)
    return addons


@pytest.fixture
def system(counters, database_url):
    with counters.composed("counters", url=database_url) as system:
        system.module = counters.module("counters")
        yield system


def values(system):
    with system.session(reading=True) as session:
        return session.scalars(text("SELECT value FROM counters ORDER BY id")).all()


def bump(system):
    """Another writer, in a transaction of its own."""
    with system.session() as session:
        session.execute(text("UPDATE counters SET value = value + 10 WHERE id = 1"))


def test_a_get_that_reads_and_then_writes_too_late_is_tried_again(counters, sqlite_url):
    with counters.composed("counters", url=sqlite_url) as system:
        module = counters.module("counters")
        module.before_write = lambda: bump(system)
        assert system.app.get("/add").text == "11"
        assert module.tries == [0, 1]
        assert values(system) == [11, 0]


def test_a_serialization_failure_is_tried_again(counters, postgresql_url):
    with counters.composed("counters", url=postgresql_url) as system:
        module = counters.module("counters")
        module.before_write = lambda: bump(system)
        assert system.app.post("/add?isolation=1").text == "11"
        assert module.tries == [0, 1]
        assert values(system) == [11, 0]


def test_a_request_that_is_tried_again_still_has_its_body(counters, postgresql_url):
    with counters.composed("counters", url=postgresql_url) as system:
        module = counters.module("counters")
        module.before_write = lambda: bump(system)
        assert system.app.post_json("/add?isolation=1", {"by": 5}).text == "15"
        assert module.tries == [0, 1]
        assert values(system) == [15, 0]


def test_of_a_deadlock_the_victim_is_tried_again_and_both_succeed(counters, postgresql_url):
    with counters.composed("counters", url=postgresql_url) as system:
        module = counters.module("counters")
        module.before_second = threading.Barrier(2)
        answers = []
        threads = [
            threading.Thread(
                target=lambda o=order: answers.append(system.app.post(f"/both/{o}").text)
            )
            for order in ("1-2", "2-1")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["both", "both"]
        assert module.tries.count(0) == 2
        assert 1 in module.tries
        assert values(system) == [2, 2]


def test_a_lock_that_is_held_too_long_is_tried_again_until_it_is_free(counters, database_url):
    settings = {"talatat.db.lock_timeout": "0.4"}
    with counters.composed("counters", url=database_url, settings=settings) as system:
        locked, enough = threading.Event(), threading.Event()

        def hold():
            with system.session() as session:
                session.execute(text("UPDATE counters SET value = value + 10 WHERE id = 1"))
                locked.set()
                enough.wait(0.5)  # longer than one try, shorter than two

        thread = threading.Thread(target=hold)
        thread.start()
        locked.wait()
        assert system.app.post("/both/1-2").text == "both"
        enough.set()
        thread.join()
        assert values(system) == [11, 1]


def test_when_all_tries_are_used_up_the_answer_is_503_with_retry_after(counters, database_url):
    settings = {"talatat.db.lock_timeout": "0.05"}
    with counters.composed("counters", url=database_url, settings=settings) as system:
        with system.session() as session:
            session.execute(text("UPDATE counters SET value = 5 WHERE id = 1"))
            answer = system.app.post(
                "/both/1-2", headers={"Accept": "application/json"}, status=503
            )
        assert answer.headers["Retry-After"]
        assert answer.json["code"] == "busy"
        assert values(system) == [5, 0]


def test_a_mistake_is_neither_tried_again_nor_kept(system):
    system.app.post("/fail", status=500)
    assert system.module.tries == [0]
    assert values(system) == [0, 0]


def test_many_writers_at_once_lose_no_update(system):
    number, failed = 24, []

    def post():
        answer = system.app.post("/both/1-2", expect_errors=True)
        if answer.status_code != 200:
            failed.append(answer.text)

    system.module.before_second = threading.Event()
    system.module.before_second.set()
    threads = [threading.Thread(target=post) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert values(system) == [number, number]
