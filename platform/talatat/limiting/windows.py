"""Counting in sliding windows: the arithmetic, and the counts that one process keeps for itself.

A key has two numbers: the requests of its window that runs now, and of the one before, which weighs less
the longer the new one runs. So nobody gets twice the quota at a border, as with fixed windows; what is
allowed comes back evenly, so that who waited is served and who hammers is not ahead of others; and a key
costs the same few bytes whatever its quota, which a log of times does not. What is refused is not counted.

`limits` has a storage in memory too, which starts a thread for every few counts and keeps every key that it
ever saw for two windows. `Windows` has one lock and a bound, and the arithmetic of the scripts that `limits`
runs in Redis.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talatat.settings import Quota

MOST_KEYS = 32_768
_HAIR = 1e-6  # of what floating point may be off by

Counts = tuple[int, float, int, float]
"""Of the window before: count, seconds that it still weighs. Of this one: count, seconds until it is
forgotten, which is one window after its end. As `limits` gives them."""


@dataclass(frozen=True, slots=True)
class Want:
    """To take `cost` from the quota of the policy `name`; 0 asks whether anything is left."""

    name: str
    quota: Quota
    key: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer: whether it was `granted`, what `remains`, and for how many seconds that is meant.

    `wait` are the seconds after which it would be granted, 0 where it was.
    """

    name: str
    quota: Quota
    granted: bool
    remains: int
    seconds: int
    wait: int = 0


def taken(want: Want, granted: bool | None, counts: Counts) -> Taken:
    """The answer to a want; `granted` is None where it only asked."""
    quota = want.quota
    before, weighs, now, forgotten = counts
    remains = max(0, quota.amount - int(before * weighs / quota.seconds) - now)
    rest = max(0.0, forgotten - quota.seconds) if now or before else float(quota.seconds)
    if granted is None:
        granted = remains > 0
    if granted:
        return Taken(want.name, quota, True, remains, max(1, ceil(rest - _HAIR)))
    wait = _wait(counts, quota.amount, quota.seconds, max(want.cost, 1))
    return Taken(want.name, quota, False, remains, wait, wait)


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


class Windows:
    """The counts of one policy, in this process: at most `most` keys, the least recently seen go first."""

    def __init__(self, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.clock = clock
        self._lock = Lock()
        # key -> when its window began, the count of the one before, the count of this one
        self._kept: OrderedDict[str, tuple[float, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, key: str, quota: Quota, cost: int) -> tuple[bool | None, Counts]:
        """Count `cost` where the quota allows it: whether it did (None for a cost of 0), and the counts then."""
        granted, expiry = None, quota.seconds
        with self._lock:
            now = self.clock()
            began, before, count = self._window(key, expiry, now)
            rest = began + expiry - now
            if cost:
                granted = int(before * rest / expiry) + count + cost <= quota.amount
            if granted:
                count += cost
                self._kept[key] = (began, before, count)
            if cost and key in self._kept:  # a flood of others does not push out who is refused
                self._kept.move_to_end(key)
            if granted:
                self._let_go(expiry, now)
        return granted, (before, rest if before else 0.0, count, rest + expiry if count else 0.0)

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
            granted, counts = self._of(want.name).take(want.key, want.quota, want.cost)
            found.append(taken(want, granted, counts))
            if not found[-1].granted:
                break
        return found

    def keys(self) -> int:
        """How many counts are kept."""
        return sum(len(one) for one in self._windows.values())

    def _of(self, name: str) -> Windows:
        windows = self._windows.get(name)
        if windows is None:
            windows = self._windows.setdefault(name, Windows(self._most, self.clock))
        return windows
