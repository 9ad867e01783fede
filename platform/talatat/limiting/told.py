"""What was told not long ago, so that it is told once in a while and not for each request."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

MOST = 4096


class Told:
    """Remembers at most `MOST` things."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._until: OrderedDict[str, float] = OrderedDict()

    def first(self, what: str, seconds: float) -> bool:
        """Whether this was not told within the last `seconds`; from now on it was."""
        with self._lock:
            now = self._clock()
            if self._until.get(what, float("-inf")) > now:
                return False
            self._until[what] = now + seconds
            self._until.move_to_end(what)
            if len(self._until) > MOST:
                self._until.popitem(last=False)
            return True
