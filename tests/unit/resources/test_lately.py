"""What is kept is what was asked for lately, never more than there is room for, whichever threads ask."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.resources.lately import Lately


@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.integers(0, 8))))
def test_the_least_asked_for_goes_first(most: int, calls: list[tuple[bool, int]]) -> None:
    kept: Lately[int, str] = Lately(most)
    order: list[int] = []  # the latest at the end
    for keeping, key in calls:
        if keeping:
            kept.keep(key, str(key))
        known = key in order
        assert kept.get(key) == (str(key) if keeping or known else None)
        if keeping or known:
            order = [*(one for one in order if one != key), key][-most:]
        assert len(kept) == len(order)


class Slow:
    """A key that is compared in Python, so that threads change between."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return self.number % 2

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slow) and self.number == other.number


@pytest.fixture
def changing() -> object:
    """Threads take turns after each few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_that_push_each_others_keys_out_find_their_own_or_nothing(changing: object) -> None:
    kept: Lately[Slow, int] = Lately(3)

    def work(seed: int) -> None:
        for at in range(300):
            number = (at * seed) % 7
            assert kept.get(Slow(number)) in (None, number)
            kept.keep(Slow(number), number)
            assert len(kept) <= 4

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work, seed) for seed in (1, 2, 3, 5)]:
            done.result()
    assert len(kept) == 3
