"""Whether this process has more to do than it can: told to /readyz, to /health and, once a second, to the log."""

from __future__ import annotations

import logging
import time
from threading import Lock

log = logging.getLogger("talatat.load")

# So long after the last request that was sent away the process is called overloaded.
LASTS = 2.0
LOG_EVERY = 1.0


class Load:
    """Counts the requests that were sent away: `system.load`."""

    def __init__(self) -> None:
        self.sent_away = 0
        self._last = float("-inf")
        self._logged = float("-inf")
        self._unlogged = 0
        self._lock = Lock()

    @property
    def is_over(self) -> bool:
        """Whether requests are sent away these seconds."""
        return time.monotonic() - self._last < LASTS

    def note(self, why: str) -> None:
        """A request was sent away."""
        with self._lock:
            self._last = time.monotonic()
            self.sent_away += 1
            self._unlogged += 1
            if self._last - self._logged < LOG_EVERY:
                return
            self._logged, number, self._unlogged = self._last, self._unlogged, 0
        log.warning("overloaded (%s): %d requests were answered 503", why, number)
