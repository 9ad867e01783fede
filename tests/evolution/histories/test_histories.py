"""No history loses data: a sample. `make accept` plays many more (tests/accept/test_histories.py)."""

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test


def number(name, usual):
    return int(os.environ.get(name, usual))


@pytest.mark.xdist_group("histories")
def test_no_history_loses_or_changes_a_row(ground):
    from grove.machine import Histories

    chosen = os.environ.get("TALATAT_HISTORY_SEED")
    machine = Histories.on(ground)
    run_state_machine_as_test(
        seed(int(chosen))(machine) if chosen else machine,
        settings=settings(
            max_examples=number("TALATAT_HISTORIES", 5),
            stateful_step_count=number("TALATAT_HISTORY_STEPS", 8),
            deadline=None,
            derandomize=chosen is None,
            database=None,
            suppress_health_check=list(HealthCheck),
            # Not shrunk: each step of a history takes a second.
            phases=[Phase.generate],
            report_multiple_bugs=False,
        ),
    )
    print(f"\n{ground.counts.done}")
