"""Goals: on which side of the line a figure stands, and that what is missing is not called reached."""

import pytest
from bench.flows import FLOWS
from bench.peers.registry import PEERS
from bench.plan import COUNTED, MAIN, SATURATED, full, short
from bench.report.goals import GOALS, Goal

RATE = Goal("requests", "search", "rate", 2.5, "fastapi_async", more=True)
CPU = Goal("cpu", "search", "cpu_us", 3.5, "fastapi_async")
LIMIT = Goal("cpu of the limit", "search", "cpu_us", 1.6, "limit", at_least=False)


def test_more_requests_and_less_cpu_are_both_ratios_above_one(results):
    assert RATE.value(results) == pytest.approx(1000 / 350)
    assert RATE.reached(results) is True
    assert CPU.value(results) == pytest.approx(2000 / 500)
    assert CPU.between(results) == "4.00 to 4.00"


def test_at_most_is_ours_over_the_others(results):
    results.samples("closed", "search", "limit").append({"round": 0, "cpu_us": 250.0})
    assert LIMIT.value(results) == pytest.approx(2.0)
    assert LIMIT.reached(results) is False


def test_a_flow_can_be_held_to_another_one_and_a_figure_to_a_number(results):
    for flow, milliseconds in (("page", 10.0), ("deep", 10.5)):
        results.samples("closed", flow, "talatat").append({"round": 0, "p50_ms": milliseconds})
    deep = Goal("depth", "deep", "p50_ms", 1.1, flow_against="page", at_least=False)
    assert deep.value(results) == pytest.approx(1.05)
    assert deep.reached(results) is True
    assert Goal("cpu", "search", "cpu_us", 499, at_least=False).reached(results) is False


def test_what_is_only_reported_is_neither_reached_nor_missed(results):
    results.samples("closed", "search", "talatat_waitress").append({"round": 0, "rate": 750.0})
    goal = Goal("waitress", "search", "rate", None, "talatat", more=True, ours="talatat_waitress")
    assert (goal.wanted, goal.value(results)) == ("reported", pytest.approx(0.75))
    assert goal.reached(results) is None


def test_without_one_of_the_two_nothing_is_reached_or_missed(results):
    for goal in (LIMIT, Goal("", "checkout", "rate", 2, "fastapi_async", more=True)):
        assert goal.value(results) is None
        assert goal.reached(results) is None


def test_every_goal_is_measured_by_both_plans():
    for plan in (short(tuple(PEERS)), full(tuple(PEERS))):
        for goal in GOALS:
            if goal.figure == "growth":
                continue
            assert {goal.flow, goal.flow_against or goal.flow} <= set(plan.flows)
            assert not goal.against or goal.against in plan.peers
            if goal.figure == "instructions":
                assert {"talatat", goal.against} <= set(plan.counted)
            if goal.figure.startswith("open_"):
                assert goal.flow in plan.opened
    assert set(COUNTED) <= set(PEERS)
    assert SATURATED in PEERS
    assert set(MAIN) < set(FLOWS)


def test_the_goals_of_the_issue_that_must_be_reached_are_marked():
    musts = {
        (goal.flow, goal.figure, goal.against or goal.flow_against): goal.limit
        for goal in GOALS
        if goal.must
    }
    assert musts == {
        ("search", "rate", "fastapi_async"): 2.5,
        ("search", "cpu_us", "fastapi_async"): 3.5,
        ("search", "instructions", "fastapi_async"): 5,
        ("checkout", "rate", "fastapi_async"): 2,
        ("checkout", "cpu_us", "fastapi_async"): 3,
        ("checkout", "instructions", "fastapi_async"): 5,
        ("search", "cpu_us", "pyramid"): 4,
        ("page", "cpu_us", "pyramid"): 4,
        ("search_times", "growth", ""): 1.05,
        ("checkout_times", "growth", ""): 1.05,
        ("patch", "cpu_us", "pyramid"): 2.5,
        ("deep", "p50_ms", "page"): 1.1,
        ("search", "growth", ""): 1.05,
        ("checkout", "growth", ""): 1.05,
        ("cpu_seconds", "growth", ""): 8,
        ("KiB_an_addon", "growth", ""): 300,
    }  # fmt: skip
