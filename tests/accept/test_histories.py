"""No history loses data: many random ones, with generated addons and with this repository's own.

``make accept`` plays 200 histories a database of up to 20 steps; ``TALATAT_HISTORIES=N`` plays N. They are
played in parts of twenty, each with a seed of its own, and each part's counts are kept when it ends: a run
that was stopped goes on with ``-k`` and the parts that are missing. The machine, its oracle and the generated
addons are in ``tests/evolution/histories/grove``.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

import figures
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

GROVE = Path(__file__).resolve().parents[1] / "evolution" / "histories"
sys.path.insert(0, str(GROVE))

HISTORIES = figures.number("histories", 0, 200)
STEPS = figures.number("history_steps", 8, 20)
PART = 20
PARTS = range(-(-HISTORIES // PART))


@pytest.mark.skipif(HISTORIES == 0, reason="make test plays a sample in tests/evolution/histories")
@pytest.mark.parametrize("part", PARTS, ids="part{:02}".format)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_history_loses_or_changes_a_row(database, part, request, tmp_path):
    from grove.machine import Histories, Played, ground_on
    from grove.warm import Warm

    server = request.getfixturevalue("postgresql_server") if database == "postgresql" else None
    warm = Warm()
    ground = ground_on(tmp_path, warm, server)
    ground.wanted = min(PART, HISTORIES - part * PART)
    began = time.monotonic()
    try:
        with suppress(Played):
            run_state_machine_as_test(
                seed(part)(Histories.on(ground)),
                settings=settings(
                    max_examples=ground.wanted,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                    phases=[Phase.generate],
                ),
            )
    finally:
        warm.close()
    figures.keep_part(
        "histories",
        database,
        f"TALATAT_HISTORIES={HISTORIES} make accept",
        str(part),
        {"rows lost or changed": 0, **dict(sorted(ground.counts.done.items()))},
        time.monotonic() - began,
    )
