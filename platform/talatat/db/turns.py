"""Turns to write on SQLite: one writer of this process after another.

SQLite has one writer at a time, and waits for it by polling with pauses that grow to a tenth of a second:
under load some threads are passed over again and again. Threads of one process need not poll, they can
wait for a lock. Other processes still poll.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

_HELD = "talatat_turn"


class Turns:
    """The turn to write with one engine. It waits as long as SQLite itself would, then lets SQLite say so."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()

    def attach(self, engine: Engine) -> None:
        """Give the turn back when a transaction ends, however it ends."""
        event.listen(engine, "commit", self.give)
        event.listen(engine, "rollback", self.give)
        event.listen(engine.pool, "reset", self._reset)

    def take(self, connection: Connection) -> None:
        """Wait for the turn before BEGIN IMMEDIATE."""
        if not connection.info.get(_HELD):
            connection.info[_HELD] = self._lock.acquire(timeout=self._patience)

    def begin(self, connection: Connection, statement: str) -> None:
        """Begin a transaction that writes, in its turn; who waited in vain does not wait once more."""
        self.take(connection)
        if connection.info[_HELD]:
            connection.exec_driver_sql(statement)
            return
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            connection.exec_driver_sql(statement)
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")

    def give(self, connection: Connection) -> None:
        """Let the next one write. The COMMIT itself follows at once, for which SQLite's polling is enough."""
        self._free(connection.info)

    def _reset(self, raw: object, record: ConnectionPoolEntry, state: object) -> None:
        self._free(record.info)

    def _free(self, info: dict[Any, Any]) -> None:
        if info.pop(_HELD, False):
            self._lock.release()
