"""No history loses data: many random ones, with generated addons and with this repository's own.

``make accept`` plays 200 histories a database of up to 20 steps; ``TALATAT_HISTORIES=N`` plays N. They are
played in parts of twenty, each with a seed of its own, and each part's counts are kept when it ends: a run
that was stopped goes on with ``-k`` and the parts that are missing. The machine, its oracle and the generated
addons are in ``tests/evolution/histories/grove``.
"""

import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

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
    keep(database, part, ground.counts.done, round(time.monotonic() - began, 1))


def keep(database: str, part: int, done: dict[str, int], seconds: float) -> None:
    """Keep what one part did, and the sum of all parts that were ever played here."""
    played = {"done": dict(done), "seconds": seconds, "commit": commit()}
    parts = {**figures.parts("histories", database), str(part): played}
    sums: Counter[str] = Counter()
    for one in parts.values():
        sums.update(one["done"])
    values: dict[str, Any] = dict(sorted(sums.items()))
    figures.keep(
        "histories",
        database,
        f"TALATAT_HISTORIES={HISTORIES} make accept",
        parts=parts,
        **values,
        **{
            "rows lost or changed": 0,
            "commits": ", ".join(sorted({one["commit"] for one in parts.values()})),
            "seconds": round(sum(one["seconds"] for one in parts.values()), 1),
        },
    )


def commit() -> str:
    """The commit that is played."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, cwd=figures.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
