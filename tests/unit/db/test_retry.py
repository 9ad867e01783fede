"""Which errors are tried again, on errors that the databases really raise."""

import threading

import psycopg
import pytest
from pyramid_retry import IRetryableError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from talatat.db.retry import is_busy, is_retryable, is_unreachable
from talatat.testing.databases import make_database


@pytest.fixture
def accounts(database):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)"))
        connection.execute(text("INSERT INTO account VALUES (1, 100), (2, 100)"))
    return database


def judged(error):
    return (
        is_retryable(error),
        is_busy(error),
        is_unreachable(error),
        IRetryableError.providedBy(error),
    )


TRANSIENT = (True, True, False, True)


def test_a_serialization_failure_is_tried_again(postgresql_url):
    database = make_database(postgresql_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)"))
        connection.execute(text("INSERT INTO account VALUES (1, 100)"))
    engine = database.engine.execution_options(isolation_level="SERIALIZABLE")
    update = text("UPDATE account SET amount = amount + 1")
    with engine.connect() as one, engine.connect() as other:
        one.execute(text("SELECT * FROM account"))
        other.execute(text("SELECT * FROM account"))
        one.execute(update)
        one.commit()
        with pytest.raises(OperationalError) as caught:
            other.execute(update)
    assert judged(caught.value) == TRANSIENT
    database.dispose()


def test_a_serialization_failure_of_the_commit_itself_is_tried_again(postgresql_url):
    database = make_database(postgresql_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)"))
        connection.execute(text("INSERT INTO account VALUES (1, 100), (2, 100)"))
    engine = database.engine.execution_options(isolation_level="SERIALIZABLE")
    with engine.connect() as one, engine.connect() as other:
        for connection, number in ((one, 1), (other, 2)):
            connection.execute(text("SELECT sum(amount) FROM account"))
            connection.execute(text(f"UPDATE account SET amount = 0 WHERE id = {number}"))
        one.commit()
        with pytest.raises(OperationalError) as caught:
            other.commit()
    assert judged(caught.value) == TRANSIENT
    database.dispose()


def test_a_deadlock_is_tried_again(postgresql_url):
    database = make_database(postgresql_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)"))
        connection.execute(text("INSERT INTO account VALUES (1, 100), (2, 100)"))
    both, errors = threading.Barrier(2), []

    def lock(first, second):
        with database.engine.connect() as connection:
            connection.execute(text(f"UPDATE account SET amount = 0 WHERE id = {first}"))
            both.wait()
            try:
                connection.execute(text(f"UPDATE account SET amount = 0 WHERE id = {second}"))
            except DBAPIError as error:
                errors.append(error)

    threads = [threading.Thread(target=lock, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [judged(error) for error in errors] == [TRANSIENT]
    database.dispose()


def test_a_lock_that_is_not_had_in_time_is_tried_again(accounts, database_url):
    impatient = make_database(database_url, lock_timeout=0.2)
    update = text("UPDATE account SET amount = 0 WHERE id = 1")
    with accounts.engine.connect() as holder:
        holder.execute(update)
        with impatient.engine.connect() as other, pytest.raises(OperationalError) as caught:
            other.execute(update)
    assert judged(caught.value) == TRANSIENT
    impatient.dispose()


def test_a_reader_that_comes_too_late_to_write_on_sqlite_is_tried_again(sqlite_url):
    database = make_database(sqlite_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (id INTEGER)"))
    with database.reading_engine.connect() as reader:
        reader.execute(text("SELECT * FROM account"))
        with database.engine.begin() as writer:
            writer.execute(text("INSERT INTO account VALUES (1)"))
        with pytest.raises(OperationalError, match="locked") as caught:
            reader.execute(text("INSERT INTO account VALUES (2)"))
    assert judged(caught.value) == TRANSIENT
    database.dispose()


def test_a_connection_lost_in_a_statement_is_tried_again_and_the_next_one_works(postgresql_url):
    database = make_database(postgresql_url)
    with database.engine.connect() as connection, database.engine.connect() as killer:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(OperationalError) as caught:
            connection.execute(text("SELECT 1"))
    assert is_retryable(caught.value)
    assert is_unreachable(caught.value)
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    database.dispose()


def test_a_connection_lost_in_the_commit_is_not_tried_again(postgresql_url):
    database = make_database(postgresql_url)
    with database.engine.connect() as connection, database.engine.connect() as killer:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(OperationalError) as caught:
            connection.commit()
        assert not is_retryable(caught.value)
        connection.invalidate()
    database.dispose()


def test_a_mistake_is_not_tried_again(accounts):
    with accounts.engine.connect() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(text("INSERT INTO account VALUES (1, 1)"))
    assert judged(caught.value) == (False, False, False, False)
    assert not is_retryable(ValueError())
    assert not is_unreachable(ValueError())


def test_two_writers_of_one_version_are_tried_again_but_are_no_overload():
    stale = StaleDataError("expected to update 1 row(s); 0 were matched")
    assert is_retryable(stale)
    assert not is_busy(stale)


@pytest.mark.parametrize("name", ["no-such-database", "refused", "no-folder", "no-database-file"])
def test_a_database_that_is_not_there_is_unreachable(name, postgresql_server, tmp_path):
    (tmp_path / "text.sqlite").write_text(
        "this is no database, but a text that is long enough to see it\n"
    )
    url = {
        "no-such-database": postgresql_server.url("nowhere"),
        "refused": "postgresql://postgres@127.0.0.1:1/shop",
        "no-folder": f"sqlite:///{tmp_path}/no/such/folder/test.sqlite",
        "no-database-file": f"sqlite:///{tmp_path}/text.sqlite",
    }[name]
    with pytest.raises(DBAPIError) as caught:
        make_database(url).engine.connect()
    assert is_unreachable(caught.value)
    assert not is_retryable(caught.value)


def test_a_pool_without_a_free_connection_is_unreachable():
    assert is_unreachable(PoolTimeout())


def test_a_server_that_is_full_or_going_down_is_unreachable():
    for cause in (psycopg.errors.TooManyConnections, psycopg.errors.CannotConnectNow,
                  psycopg.errors.AdminShutdown, psycopg.errors.ConnectionFailure):  # fmt: skip
        assert is_unreachable(OperationalError("SELECT 1", {}, cause()))
    assert not is_unreachable(OperationalError("SELECT 1", {}, psycopg.errors.DiskFull()))
