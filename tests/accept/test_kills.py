"""Every plan of the corpus, interrupted at every point, on both databases.

Each plan is a test, whose counts are kept when it ends: a run that was stopped goes on with ``-k`` and the
plans that are missing. `TALATAT_KILLS=N` takes N points of each plan instead of all.
"""

import sys
import time
from pathlib import Path

import pytest
from figures import accepting, keep_part, number

sys.path.insert(0, str(Path(__file__).parents[1] / "evolution" / "kills"))

from killing.corpus import PLANS
from killing.lab import Lab
from killing.sweeping import sweep

ALL = 10**6


@pytest.mark.parametrize("plan", PLANS if accepting() else list(PLANS)[:1])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_whatever_is_interrupted_converges(database, plan, shelf, tmp_path, request):
    server = None if database == "sqlite" else request.getfixturevalue("postgresql_server")
    most = number("kills", 1, ALL)
    began = time.monotonic()
    struck = sweep(Lab(shelf, plan, server, tmp_path), most)
    interruptions = sum(struck.values())
    few = "" if most == ALL else f"TALATAT_KILLS={most} "
    keep_part(
        "Plans interrupted", database,
        f"{few}TALATAT_ACCEPT=1 .venv/bin/python -m pytest tests/accept/test_kills.py -k {database}",
        plan,
        {"plans": 1, **struck, "interruptions": interruptions, "converged": interruptions},
        time.monotonic() - began,
    )  # fmt: skip
