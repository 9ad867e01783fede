"""What was made for requests lately: kept while it is asked for, and never more than a number of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

LONGEST_KEPT = 1000
"""Characters of the texts of one request: longer ones may be as long as a body is allowed to be."""


def is_short(*texts: str | None) -> bool:
    """Whether these texts of a client's may be kept."""
    return sum([len(text) for text in texts if text is not None]) <= LONGEST_KEPT


class Lately(Generic[Key, Value]):
    """Values by key, for all threads of a process. Beyond `most` the one goes that nobody asked for longest.

    So whoever asks for something else each time fills it, but neither grows it nor keeps others out.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        # Comparing keys may run Python, so that another thread can come in between.
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """The value of `key`, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value, in the place of another one of that key."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            if len(self._kept) > self.most:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
