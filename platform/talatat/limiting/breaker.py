"""When the shared counts do not answer, each process counts for itself until they do.

A failure is told once. For `PAUSE` seconds after it nobody asks again; then one request does, while the
others go on without. So a Redis that is gone costs nothing and a slow one one short wait in a while, and
there is a limit at any time: a process's own, which is that of the policy for each of them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Protocol, TypeVar

from talatat.limiting.windows import InProcess, Taken, Want

log = logging.getLogger("talatat.limits")

PAUSE = 2.0

T = TypeVar("T")


class SharedCounts(Protocol):
    """What `Shared` is to a breaker."""

    errors: tuple[type[Exception], ...]

    def take(self, wants: Sequence[Want]) -> list[Taken]: ...

    def look(self) -> None: ...


class Breaker:
    """Takes from the shared counts, or from the process's own."""

    def __init__(
        self, shared: SharedCounts, own: InProcess, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failing: str | None = None
        """What went wrong, as long as it does."""
        self._shared = shared
        self._own = own
        self._clock = clock
        self._again = 0.0
        self._trying = Lock()

    def take(self, wants: Sequence[Want]) -> list[Taken]:
        """Take; never raises what the shared counts raise."""
        answer = self._asked(lambda: self._shared.take(wants))
        return self._own.take(wants) if answer is None else answer

    def look(self) -> str | None:
        """What is wrong, asked for now if it is time to."""
        self._asked(self._shared.look)
        return self.failing

    def _asked(self, ask: Callable[[], T]) -> T | None:
        if self.failing is None:
            return self._tried(ask)
        if self._clock() < self._again or not self._trying.acquire(blocking=False):
            return None
        try:
            return self._tried(ask)
        finally:
            self._trying.release()

    def _tried(self, ask: Callable[[], T]) -> T | None:
        try:
            answer = ask()
        except self._shared.errors as error:
            self._failed(error)
            return None
        if self.failing is not None:
            self.failing = None
            log.warning("the shared counts of talatat.limits.storage are used again")
        return answer

    def _failed(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"
        if self.failing is None:
            log.error(
                "the shared counts of talatat.limits.storage cannot be had (%s): "
                "each process counts for itself until they can",
                said,
            )
        self.failing = said
        self._again = self._clock() + PAUSE
