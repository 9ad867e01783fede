"""Which locks on tables a PostgreSQL session takes, and for how long: sampled over a second connection.

    with LockWatch(engine, pid=backend) as watch:
        ...
    watch.holds

A lock that comes and goes between two samples is not seen; it stood in nobody's way for longer than that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, text

EVERY = 0.02

# Relations of the database alone; the catalogue's own are locked by every statement.
_LOCKS = text("""
SELECT l.pid, l.virtualtransaction, coalesce(t.relname, c.relname) AS table, l.mode, l.granted
  FROM pg_locks l
  JOIN pg_class c ON c.oid = l.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_class t ON t.oid = i.indrelid
 WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND n.nspname !~ '^(pg_|information_schema$)'
   AND (CAST(:pid AS integer) IS NULL OR l.pid = :pid)
""")

# What a mode keeps others from, weakest first: the position is its strength.
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
_KEPT_OUT = {
    "AccessShareLock": "nobody",
    "RowShareLock": "nobody",
    "RowExclusiveLock": "nobody",
    "ShareUpdateExclusiveLock": "other changes of the schema",
    "ShareLock": "writers",
    "ShareRowExclusiveLock": "writers",
    "ExclusiveLock": "writers",
    "AccessExclusiveLock": "readers and writers",
}


@dataclass(frozen=True)
class Hold:
    """The longest that one mode was held on a table (seconds), or waited for, while `label` was said."""

    label: str
    table: str
    mode: str
    seconds: float
    granted: bool = True

    @property
    def strength(self) -> int:
        """0 for the weakest mode, 7 for the one that keeps everybody out."""
        return MODES.index(self.mode)

    @property
    def keeps_out(self) -> str:
        """Who of those that serve requests has to wait for it."""
        return _KEPT_OUT[self.mode]

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "table": self.table,
            "mode": self.mode,
            "seconds": round(self.seconds, 3),
            "keeps_out": self.keeps_out,
        }


class LockWatch:
    """Samples until its block ends. `label` tells to what a lock belongs that is seen first just now."""

    def __init__(
        self,
        engine: Engine,
        pid: int | None = None,
        label: Callable[[], str] = lambda: "",
        every: float = EVERY,
    ) -> None:
        self._engine = engine
        self._pid = pid
        self._label = label
        self._every = every
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="talatat-locks", daemon=True)
        self._seen: dict[tuple[Any, ...], tuple[str, float, float]] = {}
        self.samples = 0
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join(10)

    @property
    def holds(self) -> list[Hold]:
        """The longest hold of each label, table and mode, strongest and longest first."""
        longest: dict[tuple[str, str, str, bool], float] = {}
        for (_, _, table, mode, granted), (label, first, last) in list(self._seen.items()):
            key = (label, table, mode, granted)
            longest[key] = max(longest.get(key, 0.0), last - first + self._every)
        found = [Hold(*key[:3], seconds, key[3]) for key, seconds in longest.items()]
        return sorted(found, key=lambda one: (-one.strength, -one.seconds, one.table))

    def _run(self) -> None:
        try:
            options = {"isolation_level": "AUTOCOMMIT"}
            with self._engine.execution_options(**options).connect() as connection:
                while not self._ending.wait(self._every):
                    self._sample(connection)
        except Exception as error:  # noqa: BLE001  # what is watched goes on without its watcher
            self.error = error

    def _sample(self, connection: Connection) -> None:
        now, label = time.monotonic(), self._label()
        for row in connection.execute(_LOCKS, {"pid": self._pid}):
            key = tuple(row)
            known = self._seen.get(key, (label, now, now))
            self._seen[key] = (known[0], known[1], now)
        self.samples += 1
