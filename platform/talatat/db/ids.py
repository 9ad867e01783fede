"""Identifiers: UUIDv7 (RFC 9562), made by the server, in the order in which they were made.

An id sorts by its creation time, so that an index on it grows at one end and `ORDER BY id` is the order
of arrival. Within one process ids never go backwards, even in the same millisecond or when the clock
is set back: the 12 bits after the time count on (RFC 9562, section 6.2, method 1).
"""

from __future__ import annotations

import os
import re
import threading
import time
import uuid

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_COUNTER_BITS = 12
_COUNTER_MASK = (1 << _COUNTER_BITS) - 1


class _Clock:
    """The last time and counter given out: one for the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def tick(self) -> int:
        """Return 60 bits (48 of milliseconds, 12 of counter) greater than any returned before."""
        with self._lock:
            now = (time.time_ns() // 1_000_000) << _COUNTER_BITS
            self._last = now if now > self._last else self._last + 1
            return self._last


_clock = _Clock()


def new_id() -> str:
    """Return a new UUIDv7 as a canonical string of 36 characters."""
    tick = _clock.tick()
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (tick >> _COUNTER_BITS) << 80
    value |= 0x7 << 76
    value |= (tick & _COUNTER_MASK) << 64
    value |= 0b10 << 62
    value |= random
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class NotAnId(ValueError):
    """A value that no id can be; `value` is that value."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{value!r} is not a UUID")
        self.value = value


def canonical_id(value: object) -> str:
    """Return `value` (a string or a `uuid.UUID`) as a canonical id.

    Raises NotAnId, a ValueError, when it is not a UUID: the caller answers 404 or 422, the database is not asked.
    """
    if isinstance(value, str):
        if _CANONICAL(value):
            return value
        try:
            return str(uuid.UUID(value))
        except ValueError:
            pass
    elif isinstance(value, uuid.UUID):
        return str(value)
    raise NotAnId(value)


class _Known(dict[object, "str | None"]):
    """Ids that were read lately, by themselves: to find one here costs a tenth of reading it.

    Most ids of a request are sent several times. None is none.
    """

    most = 4096

    def __missing__(self, value: object) -> str | None:
        if value is None:
            return None
        found = canonical_id(value)
        if value == found:  # any other spelling may be of any length
            if len(self) >= self.most:
                self.clear()
            self[found] = found
        return found


known_id = _Known().__getitem__
"""`canonical_id` for what is mostly an id already, or None. TypeError for what has no hash, such as a list."""


def is_id(value: object) -> bool:
    """Tell whether `value` can be an id, in any of the spellings of a UUID."""
    try:
        canonical_id(value)
    except ValueError:
        return False
    return True
