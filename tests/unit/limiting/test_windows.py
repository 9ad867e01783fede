"""Sliding windows: what they allow, what they say of the rest, and what they weigh."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from talatat.limiting.windows import InProcess, Want
from talatat.settings import Quota

QUOTAS = st.builds(Quota, st.integers(1, 20), st.integers(1, 60))
PAUSES = st.lists(
    st.tuples(st.floats(0, 90, allow_subnormal=False), st.integers(1, 4)), max_size=40
)


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Somebody:
    """One key under one policy."""

    def __init__(self, quota: Quota) -> None:
        self.clock = Clock()
        self.counts = InProcess(clock=self.clock)
        self.quota = quota

    def take(self, cost=1, key="a"):
        return self.counts.take([Want("anonymous", self.quota, key, cost)])[0]

    def live(self, pauses):
        """(moment, cost) of each that was granted."""
        granted = []
        for pause, cost in pauses:
            self.clock.now += pause
            if self.take(cost).granted:
                granted.append((self.clock.now, cost))
        return granted


@given(QUOTAS, PAUSES)
def test_what_is_said_to_be_left_can_be_had_and_no_more(quota, pauses):
    somebody = Somebody(quota)
    somebody.live(pauses)
    left = somebody.take(0).remains
    assert [somebody.take().granted for _ in range(left + 1)] == [True] * left + [False]


@given(QUOTAS, PAUSES, st.integers(1, 20))
def test_who_waits_as_long_as_was_said_is_served(quota, pauses, cost):
    somebody = Somebody(quota)
    somebody.live(pauses)
    answer = somebody.take(min(cost, quota.amount))
    if not answer.granted:
        assert 1 <= answer.wait <= 2 * quota.seconds
        somebody.clock.now += answer.wait
        assert somebody.take(min(cost, quota.amount)).granted


@given(QUOTAS, PAUSES)
def test_what_is_left_can_be_had_at_any_time_within_the_seconds_that_are_said(quota, pauses):
    somebody = Somebody(quota)
    somebody.live(pauses)
    answer = somebody.take(0)
    if answer.granted:
        somebody.clock.now += answer.seconds - 1
        assert somebody.take(answer.remains).granted


@given(QUOTAS, PAUSES)
def test_no_stretch_of_time_gives_more_than_a_burst_and_its_share(quota, pauses):
    somebody = Somebody(quota)
    granted = somebody.live(pauses)
    for first, (began, _) in enumerate(granted):
        total = 0
        for moment, cost in granted[first:]:
            total += cost
            stretch = moment - began
            assert total <= quota.amount * (2 + stretch / quota.seconds)


def test_at_the_border_of_two_windows_nobody_gets_the_quota_twice():
    somebody = Somebody(Quota(10, 60))
    somebody.clock.now += 59
    assert sum(somebody.take().granted for _ in range(20)) == 10
    somebody.clock.now += 60.5  # the window that began with the first of them is just over
    assert sum(somebody.take().granted for _ in range(20)) == 1


@given(QUOTAS, PAUSES)
def test_being_refused_costs_nothing(quota, pauses):
    patient, eager = Somebody(quota), Somebody(quota)
    patient_granted = patient.live(pauses)
    eager_granted = []
    for pause, cost in pauses:
        eager.clock.now += pause
        if eager.take(cost).granted:
            eager_granted.append((eager.clock.now, cost))
        else:
            assert not eager.take(quota.amount + 1).granted
            assert not eager.take(cost).granted
    assert eager_granted == patient_granted


def test_one_does_not_use_up_what_is_another_ones():
    somebody = Somebody(Quota(1, 60))
    assert somebody.take(key="a").granted
    assert not somebody.take(key="a").granted
    assert somebody.take(key="b").granted


def test_a_flood_of_keys_is_kept_in_a_bounded_number_of_bytes():
    most = 400
    counts = InProcess(most)
    tracemalloc.start()
    try:
        for number in range(25 * most):
            counts.take([Want("anonymous", Quota(60, 60), f"a:{number:016x}")])
        flooded, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts.keys() <= most + 1
    assert flooded / most < 600  # bytes of each key that is kept; twenty-five times as many came


def test_a_flood_of_keys_does_not_free_who_is_being_refused():
    somebody = Somebody(Quota(1, 60))
    somebody.counts = InProcess(100, somebody.clock)
    assert somebody.take(key="spent").granted
    for number in range(1000):
        somebody.take(key=f"a:{number}")
        assert not somebody.take(key="spent").granted


def test_a_flood_under_one_policy_does_not_free_anybody_under_another():
    somebody = Somebody(Quota(1, 60))
    somebody.counts = InProcess(100, somebody.clock)
    hourly = Want("orders.checkout", Quota(1, 3600), "p:ann")
    assert somebody.counts.take([hourly])[0].granted
    for number in range(1000):
        somebody.take(key=f"a:{number}")
    assert not somebody.counts.take([hourly])[0].granted


def test_keys_that_weigh_nothing_any_more_are_forgotten():
    somebody = Somebody(Quota(5, 60))
    for number in range(100):
        somebody.take(key=f"a:{number}")
    somebody.clock.now += 121
    for number in range(60):
        somebody.take(key=f"b:{number}")
    assert somebody.counts.keys() == 60


def test_several_are_taken_in_turn_up_to_the_first_that_is_refused():
    counts = InProcess()
    wants = [
        Want(name, Quota(amount, 60), "a")
        for name, amount in (("anonymous", 10), ("writes", 1), ("x", 9))
    ]
    assert [one.granted for one in counts.take(wants)] == [True, True, True]
    assert [one.granted for one in counts.take(wants)] == [True, False]
