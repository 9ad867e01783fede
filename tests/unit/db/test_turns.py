"""Writers of one process take turns on SQLite, and give them back however they end."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from talatat.db.engine import DEFERRED, make_engine, parse_url


@pytest.fixture
def engine(tmp_path: Path):
    made = make_engine(parse_url(f"sqlite:///{tmp_path}/x.sqlite"), lock_timeout=0.3)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    yield made
    made.dispose()


def write(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_the_turn_comes_back_however_a_transaction_ends(engine, end):
    connection = engine.connect()
    connection.execute(text("INSERT INTO t VALUES (1)"))
    getattr(connection, end)()
    write(engine)
    connection.close()


def test_a_transaction_that_another_process_keeps_from_beginning_gives_its_turn_back(engine):
    with sqlite3.connect(engine.url.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(OperationalError, match="locked"):
                write(engine)
        other.execute("ROLLBACK")
    other.close()
    write(engine)


def test_a_thread_that_waits_too_long_is_told_that_the_database_is_locked(engine):
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        with pytest.raises(OperationalError, match="locked"):
            write(engine)


def test_a_thread_waits_no_longer_than_the_lock_timeout_says_and_as_long_the_next_time(engine):
    with engine.connect() as connection, engine.connect() as waiting:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(OperationalError, match="locked"):
                waiting.execute(text("INSERT INTO t VALUES (1)"))
            assert 0.25 < time.monotonic() - started < 0.58
            waiting.rollback()
        assert waiting.connection.driver_connection.execute("PRAGMA busy_timeout").fetchone() == (
            300,
        )


def test_readers_wait_for_no_turn(engine):
    with engine.connect() as writer, engine.execution_options(**DEFERRED).connect() as reader:
        writer.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0


def test_many_writers_all_write(engine):
    threads = [threading.Thread(target=write, args=(engine,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 20
