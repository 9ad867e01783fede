"""Medians, spreads and ratios of rounds."""

import pytest
from bench.report.figures import errors_of, figure, growth_of, median_of, noise, ratios, spread_of
from hypothesis import given
from hypothesis import strategies as st

rates = st.lists(st.floats(1, 10_000), min_size=2, max_size=9)


def samples(values):
    return [{"round": number, "rate": value} for number, value in enumerate(values)]


@given(rates, st.floats(0.5, 4))
def test_a_machine_twice_as_quick_has_the_same_spread_and_a_median_as_much_larger(values, factor):
    slow, quick = samples(values), samples([factor * one for one in values])
    assert median_of(quick, "rate") == pytest.approx(factor * median_of(slow, "rate"))
    assert spread_of(quick, "rate") == pytest.approx(spread_of(slow, "rate"), abs=1e-9)


@given(rates)
def test_one_round_that_went_wrong_moves_no_median_beyond_its_neighbours(values):
    disturbed = [0.001, *values[1:]]
    assert median_of(samples(disturbed), "rate") >= min(disturbed)
    if len(values) > 2:
        assert median_of(samples(disturbed), "rate") >= min(values[1:])


def test_what_was_not_measured_is_none_and_not_nothing(results):
    assert median_of([], "rate") is None
    assert median_of([{"rate": float("nan")}], "rate") is None
    assert spread_of(samples([5.0]), "rate") is None
    assert figure(results, "checkout", "talatat", "rate") is None
    assert figure(results, "search", "talatat", "instructions") is None
    results.instructions = {"search": {"talatat": 950_000}}
    assert figure(results, "search", "talatat", "instructions") == 950_000


def test_ratios_are_of_the_rounds_that_both_have(results):
    found = ratios(results, "search", "rate", "talatat", "fastapi_async")
    assert found == pytest.approx([3.0, 2.5, 1300 / 350])
    del results.closed["search"]["fastapi_async"][1]
    assert ratios(results, "search", "rate", "talatat", "fastapi_async") == pytest.approx(
        [3.0, 1300 / 350]
    )


def test_growth_is_what_most_addons_cost_of_what_few_do(results):
    assert growth_of(results, "search") is None
    results.growth["request"] = [{"addons": 3, "search": 5000}, {"addons": 500, "search": 5100}]
    results.growth["start"] = [
        {"addons": 3, "cpu_seconds": 1.1},
        {"addons": 500, "cpu_seconds": 7.5},
    ]
    assert growth_of(results, "search") == pytest.approx(1.02)
    assert growth_of(results, "cpu_seconds") == 7.5
    assert growth_of(results, "KiB_an_addon") is None
    results.growth["latency"] = [
        {"addons": 3, "search_times": 1.0},
        {"addons": 500, "search_times": 1.03},
    ]
    assert growth_of(results, "search_times") == 1.03
    assert growth_of(results, "search") == pytest.approx(1.02)


def test_noise_is_how_far_rounds_lie_apart(results):
    middle, worst = noise(results)["search"]
    assert worst == pytest.approx((1300 - 900) / 1000)
    assert middle == pytest.approx(((1300 - 900) / 1000 + (400 - 300) / 350) / 2)


def test_errors_of_all_rounds_are_added(results):
    assert errors_of(results.closed["search"]["fastapi_async"]) == 2
