"""No history loses data: many random ones, with generated addons and with this repository's own.

``make accept`` plays 200 histories a database of up to 20 steps; ``TALATAT_HISTORIES=N`` plays N. The
machine, its oracle and the generated addons are in ``tests/evolution/histories/grove``.
"""

import sys
import time
from pathlib import Path

import figures
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

GROVE = Path(__file__).resolve().parents[1] / "evolution" / "histories"
sys.path.insert(0, str(GROVE))

HISTORIES = figures.number("histories", 0, 200)
STEPS = figures.number("history_steps", 8, 20)


@pytest.mark.skipif(HISTORIES == 0, reason="make test plays a sample in tests/evolution/histories")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_history_loses_or_changes_a_row(database, request, tmp_path):
    from grove.machine import Histories, ground_on
    from grove.warm import Warm

    server = request.getfixturevalue("postgresql_server") if database == "postgresql" else None
    warm = Warm()
    ground = ground_on(tmp_path, warm, server)
    ground.wanted = HISTORIES
    began = time.monotonic()
    try:
        run_state_machine_as_test(
            Histories.on(ground),
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            ),
        )
    finally:
        warm.close()
    figures.keep(
        "histories",
        database,
        f"TALATAT_HISTORIES={HISTORIES} make accept",
        **dict(sorted(ground.counts.done.items())),
        **{"rows lost or changed": 0, "seconds": round(time.monotonic() - began, 1)},
    )
