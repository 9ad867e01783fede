"""One process at a time changes a database.

On PostgreSQL that is an advisory lock, held by the session that runs the changes and polled: a waiter
inside `pg_advisory_lock` would hold a snapshot, on which CREATE INDEX CONCURRENTLY in the holder waits
for ever. SQLite has BEGIN IMMEDIATE, once for each revision.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from talatat.db.retry import is_retryable
from talatat.evolution.graph import EvolutionError

KEY = int.from_bytes(b"talatat", "big")
PAUSE = 0.2


@contextmanager
def locked(connection: Connection, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock while the block runs. Raises EvolutionError after `patience` seconds of waiting."""
    if connection.dialect.name != "postgresql":
        yield
        return
    give_up = time.monotonic() + patience
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}):
        connection.rollback()
        if time.monotonic() > give_up:
            raise EvolutionError(
                f"another process has been changing this database for {patience:.0f} s"
                f"{_holder(connection)}. Wait for it to end, or end it, and run the command again."
            )
        time.sleep(PAUSE)
    connection.rollback()  # the lock is the session's and stays
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": KEY})
        connection.rollback()


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
            if not is_retryable(error) or time.monotonic() > give_up:
                raise
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
