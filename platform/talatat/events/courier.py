"""The courier: a thread that empties the outbox, started by the first commit or the first request.

It is woken by a commit of its own process and looks by itself every few seconds, for rows of processes
that were killed and for tries that are due again.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime

from talatat.db.types import utcnow

log = logging.getLogger(__name__)

POLL = 5.0
LONGEST_POLL = 60.0
# A row that is due may be locked by another process, which is at it: no need to ask without a rest.
SHORTEST_POLL = 0.2


class Courier:
    """Calls `deliver` whenever there may be something to deliver, in a thread of its own."""

    def __init__(
        self, deliver: Callable[[], object], next_due: Callable[[], datetime | None]
    ) -> None:
        self._deliver = deliver
        self._next_due = next_due
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread unless it runs. A process that was forked starts one of its own."""
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._ending.clear()
            self._thread = threading.Thread(target=self._run, name="talatat-outbox", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def wake(self) -> None:
        """Tell the thread that something was committed."""
        self._bell.set()

    def stop(self, timeout: float = 10.0) -> None:
        """End the thread after the delivery that is under way."""
        if self._pid != os.getpid():
            return
        self._ending.set()
        self._bell.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout)
            atexit.unregister(self.stop)

    def _run(self) -> None:
        pause = POLL
        while not self._ending.is_set():
            self._bell.clear()
            try:
                self._deliver()
                pause = min(POLL, self._until_due())
            except Exception as error:  # noqa: BLE001  # the thread outlives a database that is down
                log.warning("the outbox cannot be read, next try in %.0f s: %s", pause, error)
                pause = min(max(pause, 1.0) * 2, LONGEST_POLL)
            self._bell.wait(pause)

    def _until_due(self) -> float:
        due = self._next_due()
        return POLL if due is None else max((due - utcnow()).total_seconds(), SHORTEST_POLL)
