"""Statements that run straight on libpq: prepared after a while, in the transaction that is wanted, errors told."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from pyramid.request import Request
from sqlalchemy.dialects.postgresql import JSONB
from transaction import TransactionManager

from talatat.db import Database, Prepared, UTCDateTime, UUIDv7
from talatat.db import straight as module
from talatat.db.reading import taken
from talatat.testing.databases import make_database

pytestmark = pytest.mark.usefixtures("unwatched")

NAMES = sa.text("SELECT name, statement FROM pg_prepared_statements ORDER BY prepare_time")
IDENTIFIER = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    made = make_database(postgresql_url, pool_size=1, max_overflow=0)
    yield made
    assert made.engine.pool.checkedout() == 0, "each connection was given back"  # type: ignore[attr-defined]
    made.dispose()


def prepared_on(connection: sa.Connection) -> list[str]:
    return [row.name for row in connection.execute(NAMES) if row.name.startswith("talatat_")]


def number(at: int) -> Prepared:
    plus: Any = sa.literal_column(str(at), sa.Integer())
    return Prepared(sa.select(sa.bindparam("n", type_=sa.Integer()) + plus))


def test_a_statement_is_prepared_once_it_has_run_a_few_times_and_outlives_a_rollback(
    database: Database,
) -> None:
    one = number(1)
    for turn in range(module.PREPARED_AFTER + 3):
        assert list(database.read(Request.blank("/"), one, {"n": turn})) == [(turn + 1,)]
    with database.engine.connect() as connection:
        assert len(prepared_on(connection)) == 1
        connection.rollback()
        assert one.fetch(connection, {"n": 5}) == [(6,)]


def test_of_many_statements_those_that_ran_last_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PREPARED", 3)
    monkeypatch.setattr(module, "PREPARED_AFTER", 1)
    statements = [number(at) for at in range(6)]
    with database.engine.connect() as connection:
        for statement in statements:
            for _ in range(2):
                statement.fetch(connection, {"n": 1})
        assert len(prepared_on(connection)) == 3
        assert [one.fetch(connection, {"n": 1})[0][0] for one in statements] == [1, 2, 3, 4, 5, 6]


def test_a_statement_that_somebody_has_deallocated_is_prepared_anew(database: Database) -> None:
    one = number(1)
    for _ in range(module.PREPARED_AFTER + 1):
        database.read(Request.blank("/"), one, {"n": 1})
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DEALLOCATE ALL")
    for _ in range(2):
        assert list(database.read(Request.blank("/"), one, {"n": 1})) == [(2,)]


def test_a_transaction_begins_as_the_connection_says(database: Database) -> None:
    level = Prepared(sa.select(sa.func.current_setting("transaction_isolation")))
    with database.engine.connect() as connection:
        assert level.fetch(connection, {}) == [("read committed",)]
        assert connection.connection.driver_connection.info.transaction_status.name == "INTRANS"  # type: ignore[union-attr]
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="SERIALIZABLE")
        assert level.fetch(connection, {}) == [("serializable",)]


def test_what_was_begun_and_left_is_ended_on_the_way_back_to_the_pool(database: Database) -> None:
    with database.engine.connect() as connection:
        number(1).fetch(connection, {"n": 1})
    with database.engine.connect() as connection:
        status = connection.connection.driver_connection.info.transaction_status  # type: ignore[union-attr]
        assert status.name == "IDLE"


def test_values_of_all_types_are_those_that_a_cursor_gives(database: Database) -> None:
    moment = dt.datetime(2026, 3, 29, 2, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    values: dict[str, tuple[Any, Any]] = {
        "id": (UUIDv7(), str(IDENTIFIER)),
        "native": (sa.Uuid(), IDENTIFIER),
        "ids": (sa.ARRAY(sa.Uuid()), [IDENTIFIER]),
        "moment": (UTCDateTime(), moment),
        "plain": (sa.DateTime(), moment.replace(tzinfo=None)),
        "day": (sa.Date(), dt.date(2026, 1, 1)),
        "amount": (sa.Numeric(10, 2), 5),
        "share": (sa.Float(), 0.1),
        "data": (sa.LargeBinary(), b"a%b"),
        "document": (JSONB(), {"a": [1, None, "%(x)s"]}),
        "sure": (sa.Boolean(), True),
        "percent": (sa.String(), "100%"),
    }
    binds = [
        sa.cast(sa.bindparam(name, type_=kind), kind).label(name)
        for name, (kind, _) in values.items()
    ]
    given = {name: value for name, (_, value) in values.items()}
    for columns in (binds, [one for one in binds if one.name not in ("native", "ids")]):
        statement = sa.select(*columns).where(sa.literal_column("'%' LIKE '%%'"))
        with database.engine.connect() as connection:
            (expected,) = connection.execute(statement, given)
            (found,) = Prepared(statement).fetch(connection, given)
        assert tuple(found) == tuple(expected)
        assert [type(one) for one in found] == [type(one) for one in expected]
    (none,) = database.read(Request.blank("/"), Prepared(sa.select(*binds)), dict.fromkeys(given))
    assert set(none) == {None}


def test_what_a_statement_is_refused_for_is_the_drivers_own_error(database: Database) -> None:
    broken = Prepared(sa.select(1 / sa.bindparam("n", type_=sa.Integer())))
    with database.engine.connect() as connection, connection.begin() as transaction:
        with pytest.raises(sa.exc.DataError) as raised:
            broken.fetch(connection, {"n": 0})
        assert isinstance(raised.value.orig, psycopg.errors.DivisionByZero)
        with pytest.raises(sa.exc.InternalError, match="aborted"):
            broken.fetch(connection, {"n": 1})
        transaction.rollback()


def test_a_request_reads_on_one_connection_until_its_end(database: Database) -> None:
    request = Request.blank("/", environ={"tm.active": True})
    backend = Prepared(sa.select(sa.func.pg_backend_pid()))
    (first,), (second,) = (database.read(request, backend, {}) for _ in range(2))
    assert first == second
    assert database.engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    database.end_reading(request)
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    database.read(request, backend, {})
    request._process_finished_callbacks()
    assert taken(request) is None


def test_a_session_takes_the_only_connection_after_a_read(database: Database) -> None:
    """The pool has one, and no more: were it not given back, this would wait in vain."""
    request = Request.blank("/", environ={"tm.active": True})
    request.tm = TransactionManager(explicit=True)
    request.tm.begin()
    request.matched_route = None
    database.read(request, number(1), {"n": 1})
    session = database.session_for(request)
    assert session.scalar(sa.select(sa.literal(2))) == 2
    request.tm.abort()
    request._process_finished_callbacks()


LIMIT = sa.func.current_setting("join_collapse_limit")


def test_tables_are_joined_as_they_are_written_for_one_statement_alone(database: Database) -> None:
    in_order, any_order = (Prepared(sa.select(LIMIT), in_order=wanted) for wanted in (True, False))
    for _ in range(module.PREPARED_AFTER + 3):
        found = [database.read(Request.blank("/"), one, {})[0][0] for one in (in_order, any_order)]
        assert found == ["1", "8"]


def test_the_order_is_free_again_after_a_statement_that_failed(database: Database) -> None:
    broken = Prepared(sa.select(sa.cast(LIMIT + sa.literal("x"), sa.Integer)), in_order=True)
    tm = TransactionManager(explicit=True)
    tm.begin()
    session = database.session(tm)
    with pytest.raises(sa.exc.DataError):
        broken.fetch(session.connection(), {})
    tm.abort()
    with database.engine.connect() as connection:
        assert connection.scalar(sa.select(LIMIT)) == "8"
