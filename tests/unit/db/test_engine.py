"""Engines: what each connection is told, and URLs that cannot be served."""

import os
import socket
import sqlite3
import stat
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from talatat.db.engine import parse_url
from talatat.errors import TalatatError
from talatat.testing.databases import make_database


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://me@host/shop", "postgresql+psycopg"),
        ("postgresql+psycopg2://me@host/shop", "postgresql+psycopg"),
        ("sqlite:////var/shop.sqlite", "sqlite+pysqlite"),
    ],
)
def test_a_url_gets_the_platforms_driver(url, driver):
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("somewhere", "cannot be read"),
        ("mysql://me@host/shop", "SQLite and PostgreSQL are supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_a_url_that_cannot_be_served_is_refused_with_what_to_write(url, said):
    with pytest.raises(TalatatError, match=said):
        parse_url(url)


def test_making_a_database_opens_no_connection(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        made = make_database(f"postgresql://me:secret@127.0.0.1:{port}/shop")
        with pytest.raises(TimeoutError):
            listener.accept()
        assert "secret" not in repr(made)
    make_database(f"sqlite:///{tmp_path}/none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


def test_sqlite_keeps_a_write_ahead_log_and_holds_foreign_keys(sqlite_url):
    database = make_database(sqlite_url)
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "synchronous": 1,
    }
    database.dispose()


def test_a_migration_engine_on_sqlite_has_foreign_keys_off(sqlite_url):
    with make_database(sqlite_url).migration_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 0


def test_postgresql_connections_are_told_the_timeouts_and_utc(postgresql_url):
    database = make_database(postgresql_url, statement_timeout=1.5, lock_timeout=0.25)
    with database.engine.connect() as connection:
        said = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "TimeZone", "application_name")
        }
    assert said == {
        "statement_timeout": "1500ms", "lock_timeout": "250ms", "TimeZone": "UTC",
        "application_name": "talatat",
    }  # fmt: skip
    with database.migration_engine.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    database.dispose()


def test_a_statement_that_runs_too_long_is_ended(database_url):
    database = make_database(database_url, statement_timeout=0.3)
    endless = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }[database.dialect]
    began = time.monotonic()
    with database.engine.connect() as connection, pytest.raises(OperationalError):
        connection.execute(text(endless))
    assert time.monotonic() - began < 10
    with database.engine.connect() as connection:  # the connection is good for the next one
        assert connection.scalar(text("SELECT 1")) == 1
    database.dispose()


def test_foreign_keys_are_held_on_both_databases(database):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE b (a_id INTEGER REFERENCES a(id))"))
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        connection.execute(text("INSERT INTO b VALUES (7)"))


def test_on_sqlite_a_writer_takes_the_lock_at_once_and_a_reader_does_not(sqlite_url):
    database = make_database(sqlite_url, lock_timeout=0.2)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER)"))
    with database.engine.connect() as writer:
        writer.execute(text("SELECT * FROM a"))  # begins, immediately
        with database.reading_engine.connect() as reader:
            assert reader.execute(text("SELECT * FROM a")).all() == []
        with database.engine.connect() as other, pytest.raises(OperationalError, match="locked"):
            other.execute(text("SELECT * FROM a"))
    database.dispose()


def test_many_connections_open_a_new_sqlite_file_at_once(sqlite_url):
    failed = []

    def connect():
        try:
            with make_database(sqlite_url).engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (DBAPIError, sqlite3.Error) as error:
            failed.append(error)

    threads = [threading.Thread(target=connect) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_the_log_of_an_error_holds_no_parameters(database):
    with database.engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT nothing WHERE 1 = :password"), {"password": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_a_new_sqlite_file_and_those_beside_it_are_for_their_owner_alone(tmp_path, mask):
    before = os.umask(mask)
    try:
        made = make_database(f"sqlite:///{tmp_path}/new.sqlite")
        with made.engine.begin() as connection:
            connection.execute(text("CREATE TABLE one (id INTEGER)"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        made.dispose()
    finally:
        os.umask(before)
    assert modes == {"new.sqlite": 0o600, "new.sqlite-wal": 0o600, "new.sqlite-shm": 0o600}


def test_the_mode_of_a_file_that_is_there_is_left_as_it_is(tmp_path):
    path = tmp_path / "old.sqlite"
    path.touch(0o640)
    path.chmod(0o640)
    made = make_database(f"sqlite:///{path}")
    with made.engine.begin() as connection:
        connection.execute(text("CREATE TABLE one (id INTEGER)"))
    made.dispose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
