"""Engines: one way to open SQLite and PostgreSQL, so that the same code behaves alike on both.

SQLite: write-ahead log, foreign keys on, BEGIN IMMEDIATE for what may write and a deferred BEGIN for
what reads, a busy timeout. PostgreSQL: psycopg 3, with statement and lock timeouts on each connection.
Making an engine opens no connection.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import suppress
from typing import Any

import orjson
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, PendingRollbackError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolResetState

from talatat.db.counting import SQLiteConnection, count_statements
from talatat.db.retry import mark_retryable
from talatat.db.straight import straight_of
from talatat.db.turns import Turns
from talatat.errors import TalatatError

DEFERRED = {"talatat_begin": "BEGIN"}
IMMEDIATE = "BEGIN IMMEDIATE"
CONNECT_TIMEOUT = 5
_FOR_EVER = 2**31 - 1
_STEPS_BETWEEN_CLOCKS = 50_000
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def parse_url(url: str) -> URL:
    """Return `url` with the platform's driver for its database.

    Raises TalatatError for a URL that cannot be read or a database that is not supported.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise TalatatError(
            "sqlalchemy.url cannot be read. Write sqlite:////path/to/file or "
            "postgresql://user@host/database."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise TalatatError(
                "sqlalchemy.url names an SQLite database in memory, which only one connection could "
                "see. Name a file: sqlite:////path/to/file."
            )
        return parsed.set(drivername="sqlite+pysqlite")
    raise TalatatError(f"sqlalchemy.url is of {backend}: SQLite and PostgreSQL are supported.")


def make_engine(
    url: URL,
    *,
    pool_size: int = 10,
    max_overflow: int = 10,
    pool_timeout: float = 5.0,
    statement_timeout: float = 30.0,
    lock_timeout: float = 10.0,
    count: bool = False,
) -> Engine:
    """Return the engine that serves requests. Timeouts in seconds; 0 is none.

    `count` lets each thread know how many statements it has sent, see `counting`.
    """
    options = _common()
    if url.get_backend_name() == "postgresql":
        options["connect_args"] = _postgresql(statement_timeout, lock_timeout)
        options["pool_reset_on_return"] = None  # `_reset` does it
    else:
        options["connect_args"] = {"timeout": lock_timeout or _FOR_EVER / 1000}
        if count:
            options["connect_args"]["factory"] = SQLiteConnection
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=max_overflow, pool_timeout=pool_timeout, **options
    )
    if engine.dialect.name == "sqlite":
        turns = Turns(lock_timeout or _FOR_EVER / 1000)
        turns.attach(engine)
        _sqlite(engine, foreign_keys=True, statement_timeout=statement_timeout, turns=turns)
    else:
        engine.dialect.do_commit = _commit  # type: ignore[method-assign, assignment]
        event.listen(engine, "reset", _reset)
        if count:
            count_statements(engine)
    event.listen(engine, "handle_error", mark_retryable)
    return engine


def make_migration_engine(url: URL, *, lock_timeout: float = 10.0) -> Engine:
    """Return an engine for migrations: one connection at a time, no statement timeout.

    On SQLite foreign keys are off: rebuilding a table drops the old one, which would cascade into every
    table that refers to it, without an error. The runner checks them before it commits.
    """
    options = _common()
    if url.get_backend_name() == "postgresql":
        connect = _postgresql(0, lock_timeout)
        # A runner that was killed must not leave its backend holding the advisory lock.
        connect["options"] += " -c client_connection_check_interval=500"
        options["connect_args"] = connect
    else:
        options["connect_args"] = {"timeout": lock_timeout or _FOR_EVER / 1000}
    engine = create_engine(url, poolclass=NullPool, **options)
    if engine.dialect.name == "sqlite":
        _sqlite(engine, foreign_keys=False, statement_timeout=0)
    return engine


def _common() -> dict[str, Any]:
    return {
        "json_serializer": dump_json,
        "json_deserializer": load_json,
        # Errors are logged, and parameters hold names, addresses and hashes.
        "hide_parameters": True,
    }


def dump_json(value: Any) -> str:
    """Return `value` as JSON text. Raises ValueError for what PostgreSQL cannot keep: NUL characters."""
    data = orjson.dumps(value)
    if b"\\u0000" in data and _NUL.search(data):
        raise ValueError("a JSON document may not hold the character NUL")
    return data.decode()


def load_json(text: Any) -> Any:
    """Return the value of JSON text; SQLite keeps a document that is a bare number as a number."""
    return orjson.loads(text) if isinstance(text, (str, bytes)) else text


def _postgresql(statement_timeout: float, lock_timeout: float) -> dict[str, Any]:
    return {
        "connect_timeout": CONNECT_TIMEOUT,
        "application_name": "talatat",
        "options": (
            f"-c statement_timeout={round(statement_timeout * 1000)}"
            f" -c lock_timeout={round(lock_timeout * 1000)}"
            " -c timezone=UTC"
            # The values decide which plan is best: after five runs it would be one for all of them.
            " -c plan_cache_mode=force_custom_plan"
        ),
        "client_encoding": "utf8",
        # What is run often is prepared by `straight`; a cursor would take it all back with each ROLLBACK.
        "prepare_threshold": None,
    }


def _sqlite(
    engine: Engine, *, foreign_keys: bool, statement_timeout: float, turns: Turns | None = None
) -> None:
    def connect(connection: Any, record: ConnectionPoolEntry) -> None:
        # The driver's own transactions are off: `begin` below says how each starts.
        connection.isolation_level = None
        _journal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        if statement_timeout:
            deadline = _Deadline(statement_timeout)
            record.info["deadline"] = deadline
            connection.set_progress_handler(deadline.passed, _STEPS_BETWEEN_CLOCKS)

    def begin(connection: Connection) -> None:
        how = connection.get_execution_options().get("talatat_begin", IMMEDIATE)
        if turns is not None and how == IMMEDIATE:
            turns.begin(connection, how)
        else:
            connection.exec_driver_sql(how)

    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    if statement_timeout:
        event.listen(engine, "before_cursor_execute", _start_clock)


def _make_private(
    dialect: Any, record: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]
) -> None:
    """Make a missing file for its owner alone: SQLite would leave it to the umask.

    The files beside it (-wal, -shm) get the mode that it has.
    """
    path = str(arguments[0]) if arguments else ""
    if not path or path.startswith(("file:", ":")):
        return
    with suppress(OSError):  # it is there; or it cannot be made, as SQLite then says itself
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


class _Deadline:
    """The moment when the statement that runs on one SQLite connection is ended."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.moment = float("inf")

    def start(self) -> None:
        self.moment = time.monotonic() + self.seconds

    def passed(self) -> bool:
        return time.monotonic() > self.moment


def _start_clock(connection: Connection, *details: Any) -> None:
    connection.info["deadline"].start()


def _commit(fairy: Any) -> None:
    """Commit straight on libpq: psycopg's own way steps through a generator and waits in Python.

    A transaction of which a statement failed is refused: PostgreSQL would undo it, and say nothing.
    """
    if fairy.driver_connection.pgconn.transaction_status == TransactionStatus.INERROR:
        fairy.rollback()  # SQLAlchemy will not: it holds a commit that fails for one that the database has ended
        raise PendingRollbackError(
            "A statement of this transaction has failed, so nothing of it can be committed. Who goes on after "
            "an error of the database has to begin a savepoint before it: with session.begin_nested(): ..."
        )
    straight_of(fairy).commit()


def _reset(driver: Any, record: ConnectionPoolEntry, state: PoolResetState) -> None:
    """End what a connection to PostgreSQL has begun and left, before it goes back to the pool.

    As SQLAlchemy does; but most come back with nothing begun, and of those the driver need not be asked.
    """
    if not state.terminate_only and driver.pgconn.transaction_status != TransactionStatus.IDLE:
        driver.rollback()


def _journal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; SQLite does not wait when another process does so right now."""
    for pause in (0.01, 0.05, 0.2, 1.0, None):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if pause is None or "locked" not in str(error):
                raise
            time.sleep(pause)
