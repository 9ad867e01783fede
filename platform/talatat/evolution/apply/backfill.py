"""Backfills in batches: many small transactions along a key, with pauses, resumed where they stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from talatat.evolution.apply.journal import Journal
from talatat.evolution.model import Step
from talatat.evolution.running.transactions import Timeouts, in_transaction

# Batches grow and shrink so that each takes this long, in seconds: no lock is held for longer.
TARGET = 0.1
SMALLEST, LARGEST = 20, 50_000
# After each batch this share of the time that it took is rested.
REST = 0.5

Told = Callable[[int], object]


def update_statement(batch: Mapping[str, Any], *, first: bool) -> str:
    """Return the UPDATE of one batch; the very first one has no lower end."""
    key = batch["key"]
    after = "" if first else f"{key} > :after AND "
    more = f" AND ({batch['where']})" if batch["where"] else ""
    return f"UPDATE {batch['table']} SET {batch['set']} WHERE {after}{key} <= :upto{more}"  # noqa: S608


def boundary_statement(batch: Mapping[str, Any], *, first: bool) -> str:
    """Return the SELECT of the last key of the next batch."""
    key = batch["key"]
    after = "" if first else f" WHERE {key} > :after"
    rows = f"SELECT {key} AS upto FROM {batch['table']}{after} ORDER BY {key} LIMIT :size"  # noqa: S608
    return f"SELECT upto FROM ({rows}) AS batch ORDER BY upto DESC LIMIT 1"  # noqa: S608


@dataclass
class Backfill:
    """The batches of one step on one connection. `told` is called with the rows gone through so far."""

    connection: Connection
    step: Step
    journal: Journal
    timeouts: Timeouts
    told: Told

    def run(self, beat: Callable[[], None]) -> int:
        """Run all batches; return how many rows were gone through."""
        seen = 0
        _foreign_keys(self.connection, on=True)
        try:
            came = self.journal.progress(self.step)
            self.connection.rollback()
            start = int(came.get("batch", 0))
            for number, batch in enumerate(self.step.batches):
                if number < start:
                    continue
                after = came.get("after") if number == start else None
                seen += self._one(number, batch, after, seen, beat)
        finally:
            _foreign_keys(self.connection, on=False)
        return seen

    def _one(
        self, number: int, batch: Mapping[str, Any], after: Any, seen: int, beat: Callable[[], None]
    ) -> int:
        size, rows = int(batch["size"]), 0
        while True:
            began = time.monotonic()

            def work(waited: int, after: Any = after, size: int = size) -> Any:
                beat()
                return self._next(number, batch, after, size)

            upto = in_transaction(self.connection, self.step, self.timeouts, work)
            if upto is None:
                return rows
            took = time.monotonic() - began
            after, rows = upto, rows + size
            self.told(seen + rows)
            size = max(SMALLEST, min(LARGEST, size * 2, int(size * TARGET / max(took, 1e-4))))
            time.sleep(min(took * REST, 1.0))

    def _next(self, number: int, batch: Mapping[str, Any], after: Any, size: int) -> Any:
        """Update the rows after a key; return the key of the last one, None where there is none."""
        first = after is None
        given = {} if first else {"after": after}
        boundary = text(boundary_statement(batch, first=first))
        upto = self.connection.scalar(boundary, {**given, "size": size})
        if upto is None:
            return None
        statement = text(update_statement(batch, first=first))
        self.connection.execute(statement, {**given, "upto": upto})
        self.journal.started(self.step, {"batch": number, "after": _plain(upto)})
        return _plain(upto)


def _plain(key: Any) -> Any:
    """A key as JSON keeps it."""
    return key if isinstance(key, int | str) else str(key)


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    """On SQLite migrations run with foreign keys off; a backfill rebuilds nothing and wants them on."""
    if connection.dialect.name == "sqlite":
        connection.rollback()
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
