"""Statements are counted by thread, alike on both databases, whichever way they take to the driver."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from pyramid.request import Request

from talatat.db.counting import SENT
from talatat.db.prepared import Prepared, runs_directly
from talatat.db.work import work_of
from talatat.testing.databases import make_database

pytestmark = pytest.mark.usefixtures("unwatched")

NUMBERS = sa.Table("numbers", sa.MetaData(), sa.Column("value", sa.Integer))


class Sending:
    """How many statements this thread sent within the block."""

    def __enter__(self):
        self.before = SENT.count
        return self

    def __exit__(self, *error):
        self.count = SENT.count - self.before


@pytest.fixture
def numbers(database):
    with database.engine.begin() as connection:
        NUMBERS.create(connection)
        connection.execute(NUMBERS.insert(), [{"value": one} for one in range(5)])
    return database


def of_a_session(database):
    with database.transaction() as (_, session):
        assert session.scalar(sa.text("SELECT 1")) == 1


def of_core(database):
    with database.engine.begin() as connection:
        connection.execute(sa.update(NUMBERS).values(value=NUMBERS.c.value + 1))


def of_the_driver(database):
    with database.engine.connect() as connection:
        assert connection.connection.driver_connection.execute("SELECT 1").fetchone() == (1,)


def of_a_cursor(database):
    with database.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT 1")
        cursor.close()


def of_a_prepared_read(database):
    assert database.read(Request.blank("/"), Prepared(sa.select(NUMBERS.c.value)), {})


def of_a_prepared_read_in_a_transaction(database):
    with database.transaction() as (_, session):
        assert work_of(session).rows(Prepared(sa.select(NUMBERS.c.value)), {})


def of_many_rows_at_once(database):
    with database.engine.begin() as connection:
        update = sa.update(NUMBERS).where(NUMBERS.c.value == sa.bindparam("old")).values(value=1)
        connection.execute(update, [{"old": one} for one in range(5)])


def of_a_stream(database):
    with database.engine.connect().execution_options(yield_per=2) as connection:
        assert len(list(connection.execute(sa.select(NUMBERS)))) == 5


def of_what_fails(database):
    with pytest.raises(sa.exc.DBAPIError), database.engine.begin() as connection:
        connection.execute(sa.text("SELECT * FROM nothing_of_this_name"))


def of_nothing(database):
    with database.engine.begin():
        pass
    with database.reading_engine.begin() as connection:
        connection.rollback()


def of_a_savepoint(database):
    with database.transaction() as (_, session), session.begin_nested():
        session.execute(sa.text("SELECT 1"))


@pytest.mark.parametrize(
    ("way", "count"),
    [
        (of_a_session, 1),
        (of_core, 1),
        (of_the_driver, 1),
        (of_a_cursor, 1),
        (of_a_prepared_read, 1),
        (of_a_prepared_read_in_a_transaction, 1),
        (of_many_rows_at_once, 1),
        (of_a_stream, 1),
        (of_what_fails, 1),
        (of_nothing, 0),
        (of_a_savepoint, 3),
    ],
)
def test_each_way_to_the_driver_is_counted_alike(numbers, way, count):
    numbers.engine.connect().close()  # what a new connection asks is nobody's
    with Sending() as sent:
        way(numbers)
    assert sent.count == count


def test_counting_leaves_the_direct_path_open(postgresql_url):
    database = make_database(postgresql_url)
    assert runs_directly(database.engine)
    database.dispose()


def test_a_thread_counts_its_own_statements_only(numbers):
    def ask():
        with Sending() as sent:
            of_core(numbers)
            of_core(numbers)
        counts.append(sent.count)

    counts = []
    with Sending() as here:
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts == [2, 2, 2]
    assert here.count == 0


def test_who_does_not_want_it_pays_nothing(database_url):
    database = make_database(database_url, costs=False)
    with Sending() as sent:
        of_a_session(database)
        of_the_driver(database)
    assert sent.count == 0
    database.dispose()
