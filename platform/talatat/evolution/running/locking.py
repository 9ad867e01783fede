"""One process at a time changes a database.

On PostgreSQL that is an advisory lock, held by the session that runs the changes and polled: a waiter
inside `pg_advisory_lock` would hold a snapshot, on which CREATE INDEX CONCURRENTLY in the holder waits
for ever. SQLite's file has a file beside it that is locked with flock. Both locks end with the process,
however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from talatat.db.retry import is_retryable
from talatat.evolution.graph import EvolutionError

KEY = int.from_bytes(b"talatat", "big")
PAUSE = 0.2


class Locked(EvolutionError):
    """Somebody else is changing the database."""


@contextmanager
def locked(connection: Connection, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock while the block runs. Raises Locked after `patience` seconds of waiting."""
    if connection.dialect.name == "postgresql":
        with _advisory(connection, patience):
            yield
    else:
        # One file may be reached by several names; SQLite's own journals follow links as well.
        with _file(
            f"{os.path.realpath(connection.engine.url.database or '')}-apply.lock", patience
        ):
            yield


@contextmanager
def _advisory(connection: Connection, patience: float) -> Iterator[None]:
    def taken() -> bool:
        got = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}))
        connection.rollback()  # the lock is the session's and stays
        return got

    _wait(taken, patience, lambda: _holder(connection))
    try:
        yield
    finally:
        if not connection.closed and not connection.invalidated:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": KEY})
            connection.rollback()


@contextmanager
def _file(path: str, patience: float) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EvolutionError(
            f"{path}: the file by which one process at a time changes the database cannot be opened "
            f"({error.strerror}). Nothing was changed. Let this user write there; if something else has "
            f"that name, move it away."
        ) from error

    def taken() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        _wait(taken, patience, lambda: f" (see {path})")
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def _wait(taken: Callable[[], bool], patience: float, holder: Callable[[], str]) -> None:
    give_up = time.monotonic() + patience
    while not taken():
        if time.monotonic() > give_up:
            raise Locked(
                f"another process has been changing this database for {patience:.0f} s"
                f"{holder()}. Wait for it to end, or end it, and run the command again."
            )
        time.sleep(PAUSE)


@contextmanager
def begun(connection: Connection, patience: float = 60.0) -> Iterator[None]:
    """Run the block in a transaction that holds SQLite's write lock from the start."""
    give_up = time.monotonic() + patience
    while True:
        try:
            begun = connection.begin()
            break
        except OperationalError as error:
            connection.rollback()
            if not is_retryable(error):
                raise
            if time.monotonic() > give_up:
                raise Locked(
                    f"another process holds the write lock of {connection.engine.url.database} for "
                    f"more than {patience:.0f} s: {error.orig}. End it (a shell with an open "
                    f"transaction, a backup, a load) and run the command again; what was done is kept."
                ) from error
            time.sleep(PAUSE)
    with begun:
        yield


def _holder(connection: Connection) -> str:
    query = text(
        "SELECT a.pid, a.client_addr, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        " AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
    )
    row = connection.execute(query, {"key": KEY}).first()
    connection.rollback()
    if row is None:
        return ""
    return (
        f" (backend {row.pid} from {row.client_addr or 'this machine'}, since {row.backend_start})"
    )
