"""What the generator counts: percentiles that no average hides, and requests that came when they were due."""

import math
from itertools import pairwise

import pytest
from bench.load.counting import Seen, percentile
from bench.load.opened import schedule
from bench.measure.statements import each
from hypothesis import given
from hypothesis import strategies as st

numbers = st.lists(st.floats(0, 1000), min_size=1, max_size=200).map(sorted)


@given(numbers, st.floats(0.01, 1))
def test_at_least_that_share_is_not_above_a_percentile_and_less_is_not_above_any_smaller_value(
    found, share
):
    value = percentile(found, share)
    assert value in found
    assert sum(one <= value for one in found) >= share * len(found) - 1e-9
    assert sum(one < value for one in found) < share * len(found)


def test_of_a_hundred_the_99th_is_p99_and_of_none_there_is_no_percentile():
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([7.0], 0.5) == 7.0
    assert math.isnan(percentile([], 0.5))


def test_a_summary_counts_right_answers_alone_for_the_rate_and_tells_the_others():
    seen = Seen(seconds=2.0)
    seen.latencies.extend([0.010, 0.020, 0.030])
    seen.errors["500"] += 2
    seen.received = 300
    told = seen.summary()
    assert (told["rate"], told["p50_ms"], told["max_ms"], told["bytes"]) == (1.5, 20.0, 30.0, 100)
    assert told["errors"] == {"500": 2}


def test_where_nothing_was_answered_there_is_no_latency():
    told = Seen(seconds=2.0).summary()
    assert (told["rate"], told["p99_ms"], told["max_ms"]) == (0.0, None, None)


@given(st.floats(5, 200), st.floats(0.5, 20), st.integers(0, 99))
def test_requests_of_the_open_loop_are_due_in_order_within_the_time_and_the_same_each_time(
    rate, seconds, seed
):
    due = list(schedule(rate, seconds, seed))
    assert due == list(schedule(rate, seconds, seed))
    assert all(first < second for first, second in pairwise(due))
    assert all(0 < at < seconds for at in due)


def test_as_many_are_due_as_the_rate_says():
    assert len(list(schedule(200, 100))) == pytest.approx(20_000, rel=0.03)


def test_statements_count_that_belong_to_requests_and_not_what_goes_on_beside_them():
    before = {1: 100, 2: 7, 3: 50}
    after = {1: 140, 2: 10, 3: 130, 4: 40, 5: 2}
    assert each(before, after, 40) == (40 + 80 + 40) / 40
    assert each(before, before, 40) == 0
