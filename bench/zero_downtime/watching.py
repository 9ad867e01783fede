"""What the database says meanwhile: who waits for a lock, and which locks keep anybody out, for how long."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Engine, text

from talatat.evolution.lockwatch import EVERY, Hold, LockWatch

# Any lock, of tables and of rows. The session that applies holds the advisory lock and may wait as long as
# it likes: only those who wait for it are held up.
_WAITS = text("""
SELECT l.pid, l.locktype, l.mode, extract(epoch FROM clock_timestamp() - l.waitstart) AS seconds,
       left(a.query, 100) AS query
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE NOT l.granted AND l.waitstart IS NOT NULL AND a.datname = current_database()
   AND NOT EXISTS (SELECT FROM pg_locks held WHERE held.pid = l.pid AND held.locktype = 'advisory')
""")


@dataclass(frozen=True)
class Wait:
    """The longest that was seen of one session's waiting for a lock."""

    label: str
    seconds: float
    what: str


class Watching:
    """`label` is what is done just now; it is set by whoever does it."""

    def __init__(self, engine: Engine) -> None:
        self.label = ""
        self._engine = engine
        self._locks = LockWatch(engine, None, lambda: self.label)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._waits: dict[str, Wait] = {}
        self.error: Exception | None = None

    def __enter__(self) -> Watching:
        self._locks.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._ending.set()
        self._thread.join(10)
        self._locks.__exit__(None, None, None)
        self.error = self.error or self._locks.error

    @property
    def samples(self) -> int:
        """How often it was looked."""
        return self._locks.samples

    def holds(self, label: str | None = None) -> list[Hold]:
        """Locks on tables that keep writers or readers out, strongest and longest first."""
        return [
            one
            for one in self._locks.holds
            if one.granted
            and one.keeps_out not in ("nobody", "other changes of the schema")
            and label in (None, one.label)
        ]

    def wait(self, label: str | None = None) -> Wait:
        """The longest wait for any lock."""
        found = [one for one in self._waits.values() if label in (None, one.label)]
        return max(found, key=lambda one: one.seconds, default=Wait(label or "", 0.0, ""))

    def _run(self) -> None:
        try:
            with self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                while not self._ending.wait(EVERY):
                    for row in connection.execute(_WAITS):
                        self._seen(
                            float(row.seconds or 0), f"{row.locktype} {row.mode}: {row.query}"
                        )
        except Exception as error:  # noqa: BLE001  # told in the end
            self.error = error

    def _seen(self, seconds: float, what: str) -> None:
        known = self._waits.get(self.label)
        if known is None or seconds > known.seconds:
            self._waits[self.label] = Wait(self.label, seconds, what)


def now() -> float:
    """The clock of the load and of the phases."""
    return time.monotonic()
