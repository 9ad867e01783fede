"""Counting in sliding windows: the arithmetic, and the counts that one process keeps for itself.

A key has two numbers: the requests of its window that runs now, and of the one before, which weighs less
the longer the new one runs. So nobody gets twice the quota at a border, as with fixed windows; what is
allowed comes back evenly, so that who waited is served and who hammers is not ahead of others; and a key
costs the same few bytes whatever its quota, which a log of times does not. What is refused is not counted.

`limits` has storages of its own; the one in memory starts a thread for every few counts and keeps every
key that it ever saw for two windows. `Windows` has the same interface, one lock and a bound.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING

from limits.storage import SlidingWindowCounterSupport

if TYPE_CHECKING:
    from talatat.limiting.policies import Policy

MOST_KEYS = 32_768
_HAIR = 1e-6  # of what floating point may be off by

Counts = tuple[int, float, int, float]
"""Of the window before: count, seconds that it still weighs. Of this one: count, seconds until it is
forgotten, which is one window after its end. As `limits` gives them."""


@dataclass(frozen=True, slots=True)
class Want:
    """To take `cost` from the quota of a policy; 0 asks whether anything is left."""

    policy: Policy
    key: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer: whether it was `granted`, what `remains`, and for how many seconds that is meant.

    `wait` are the seconds after which it would be granted, 0 where it was.
    """

    policy: Policy
    granted: bool
    remains: int
    seconds: int
    wait: int = 0


def taken(want: Want, granted: bool | None, counts: Counts) -> Taken:
    """The answer to a want; `granted` is None where it only asked."""
    quota = want.policy.quota
    assert quota is not None  # nobody wants what is off
    before, weighs, now, forgotten = counts
    remains = max(0, quota.amount - int(before * weighs / quota.seconds) - now)
    rest = max(0.0, forgotten - quota.seconds) if now or before else float(quota.seconds)
    if granted is None:
        granted = remains > 0
    if granted:
        return Taken(want.policy, True, remains, max(1, ceil(rest - _HAIR)))
    wait = _wait(counts, quota.amount, quota.seconds, max(want.cost, 1))
    return Taken(want.policy, False, remains, wait, wait)


def _wait(counts: Counts, amount: int, seconds: int, cost: int) -> int:
    """Whole seconds until `cost` fits, if nothing else comes."""
    before, weighs, now, forgotten = counts
    if cost > amount:  # it never does
        return seconds
    free = amount - cost - now
    if free >= 0:  # in this window, as soon as the one before weighs little enough
        return _beyond(weighs - (free + 1) * seconds / before) if before else 1
    rest = max(0.0, forgotten - seconds)
    return _beyond(rest + seconds - (amount - cost + 1) * seconds / now)


def _beyond(seconds: float) -> int:
    """The next whole second: at the very moment it does not fit yet."""
    return max(1, int(seconds + _HAIR) + 1)


class Windows(SlidingWindowCounterSupport):
    """The counts of one policy, in this process: at most `most` keys, the least recently seen go first."""

    base_exceptions: tuple[type[Exception], ...] = ()  # nothing here fails that could be mended

    def __init__(self, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.clock = clock
        self._lock = Lock()
        # key -> when its window began, the count of the one before, the count of this one
        self._kept: OrderedDict[str, tuple[float, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count `amount` where `limit` in `expiry` seconds allows it."""
        with self._lock:
            now = self.clock()
            began, before, count = self._window(key, expiry, now)
            if int(before * (began + expiry - now) / expiry) + count + amount > limit:
                if key in self._kept:  # a flood of others does not push out who is refused
                    self._kept.move_to_end(key)
                return False
            self._kept[key] = (began, before, count + amount)
            self._kept.move_to_end(key)
            self._let_go(expiry, now)
            return True

    def get_sliding_window(self, key: str, expiry: int) -> Counts:
        """The counts of a key."""
        with self._lock:
            now = self.clock()
            began, before, count = self._window(key, expiry, now)
        rest = began + expiry - now
        return before, rest if before else 0.0, count, rest + expiry if count else 0.0

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a key."""
        with self._lock:
            self._kept.pop(key, None)

    def _window(self, key: str, expiry: int, now: float) -> tuple[float, int, int]:
        kept = self._kept.get(key)
        if kept is None or now >= kept[0] + 2 * expiry:
            return now, 0, 0
        if now >= kept[0] + expiry:
            return kept[0] + expiry, kept[2], 0
        return kept

    def _let_go(self, expiry: int, now: float) -> None:
        """Forget what weighs nothing any more; beyond the bound also what was not seen for longest."""
        for _ in range(2):  # one comes with each count at most, so two keep up with them
            key = next(iter(self._kept))
            if len(self._kept) <= self.most and now < self._kept[key][0] + 2 * expiry:
                return
            del self._kept[key]


class InProcess:
    """The counts of all policies in this process."""

    def __init__(self, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._most = most
        # One for each policy: a flood of addresses does not push out what accounts have used.
        self._windows: dict[str, Windows] = {}

    def take(self, wants: Sequence[Want]) -> list[Taken]:
        """Take in turn, up to the first that is not granted."""
        found = []
        for want in wants:
            windows, quota = self._of(want.policy), want.policy.quota
            assert quota is not None  # nobody wants what is off
            granted = None
            if want.cost:
                granted = windows.acquire_sliding_window_entry(
                    want.key, quota.amount, quota.seconds, want.cost
                )
            found.append(taken(want, granted, windows.get_sliding_window(want.key, quota.seconds)))
            if not found[-1].granted:
                break
        return found

    def keys(self) -> int:
        """How many counts are kept."""
        return sum(len(one) for one in self._windows.values())

    def _of(self, policy: Policy) -> Windows:
        windows = self._windows.get(policy.name)
        if windows is None:
            made = Windows(self._most, self.clock)
            windows = self._windows.setdefault(policy.name, made)
        return windows
