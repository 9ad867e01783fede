"""Connections at hand to read with: some of the pool's, nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from pyramid.request import Request
from sqlalchemy import event
from transaction import TransactionManager

from talatat.db import Database, Prepared
from talatat.db import spare as module
from talatat.testing.databases import make_database

pytestmark = pytest.mark.usefixtures("unwatched")

BACKEND = Prepared(sa.select(sa.func.pg_backend_pid()))


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    made = make_database(postgresql_url, pool_size=4, max_overflow=0, pool_timeout=0.5)
    yield made
    made.dispose()
    assert len(made.spare) == 0


class Reader:
    """Requests of which each reads once, and goes on for as long as wanted."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.open: list[Request] = []

    def begin(self) -> int:
        request = Request.blank("/", environ={"tm.active": True})
        self.open.append(request)
        ((backend,),) = self.database.read(request, BACKEND, {})
        return int(backend)

    def end(self) -> None:
        for request in self.open:
            request._process_finished_callbacks()
        self.open.clear()


@pytest.fixture
def reader(database: Database) -> Iterator[Reader]:
    with database.engine.connect() as connection:  # the dialect meets its server
        connection.scalar(sa.text("SELECT 1"))
    made = Reader(database)
    yield made
    made.end()


def out(database: Database) -> int:
    return int(database.engine.pool.checkedout())  # type: ignore[attr-defined]


def test_the_next_request_reads_with_the_connection_of_the_last(
    database: Database, reader: Reader
) -> None:
    first = reader.begin()
    reader.end()
    assert (len(database.spare), out(database)) == (1, 1)
    assert reader.begin() == first
    assert len(database.spare) == 0
    reader.end()


def test_half_of_the_pool_is_kept_at_most(database: Database, reader: Reader) -> None:
    backends = {reader.begin() for _ in range(3)}
    assert len(backends) == 3
    reader.end()
    assert len(database.spare) == 2
    assert out(database) == 2


def test_who_wants_all_of_the_pool_has_it(database: Database, reader: Reader) -> None:
    for _ in range(3):
        reader.begin()
    reader.end()
    managers = [TransactionManager(explicit=True) for _ in range(4)]
    seen = set()
    for manager in managers:
        manager.begin()
        seen.add(database.session(manager).scalar(sa.select(sa.func.pg_backend_pid())))
    assert len(seen) == 4
    assert len(database.spare) == 0
    for manager in managers:
        manager.abort()


def test_the_last_connection_of_an_exhausted_pool_goes_back_to_who_may_wait(
    database: Database, reader: Reader
) -> None:
    for _ in range(4):
        reader.begin()
    reader.open.pop(0)._process_finished_callbacks()
    assert len(database.spare) == 0
    with database.engine.connect() as connection:
        assert connection.scalar(sa.select(1)) == 1


@pytest.mark.parametrize("name", ["checkout", "checkin"])
def test_who_listens_to_the_pool_misses_nothing(
    database: Database, reader: Reader, name: str
) -> None:
    told: list[Any] = []
    event.listen(database.engine, name, lambda *given: told.append(given))
    for _ in range(2):
        reader.begin()
        reader.end()
    assert len(told) == 2
    assert len(database.spare) == 0


def test_a_connection_with_something_begun_is_not_kept(database: Database) -> None:
    fairy = database.spare.take()
    fairy.driver_connection.execute("SELECT 1")  # psycopg begins a transaction
    database.spare.give(fairy)
    assert (len(database.spare), out(database)) == (0, 0)


def test_disposing_of_the_engine_ends_them(database: Database, reader: Reader) -> None:
    backend = reader.begin()
    reader.end()
    database.engine.dispose()
    assert len(database.spare) == 0
    with database.engine.connect() as connection:
        there = sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
        for _ in range(50):  # the server takes a moment to notice
            if not connection.scalar(there, {"pid": backend}):
                break
            connection.execute(sa.text("SELECT pg_sleep(0.02)"))
        assert connection.scalar(there, {"pid": backend}) == 0


def test_a_connection_that_was_lost_meanwhile_is_not_noticed(
    database: Database, reader: Reader
) -> None:
    lost = reader.begin()
    reader.end()
    with database.engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
    assert reader.begin() != lost


def test_a_fork_leaves_its_parents_connections_alone(database: Database, reader: Reader) -> None:
    reader.begin()
    reader.end()
    kept = list(database.spare._kept)
    module._forked()  # as in the child
    assert len(database.spare) == 0
    for fairy in kept:
        assert not fairy.driver_connection.closed
        fairy.close()
