"""Every plan of the corpus, interrupted at every point, on both databases.

`TALATAT_KILLS=N` takes N points of each plan instead of all.
"""

import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from figures import accepting, keep, number

sys.path.insert(0, str(Path(__file__).parents[1] / "evolution" / "kills"))

from killing.corpus import PLANS
from killing.lab import Lab
from killing.sweeping import sweep

ALL = 10**6


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_whatever_is_interrupted_converges(database, shelf, tmp_path, request):
    server = None if database == "sqlite" else request.getfixturevalue("postgresql_server")
    struck: Counter[str] = Counter()
    began = time.monotonic()
    most = number("kills", 1, ALL)
    for place, plan in enumerate(PLANS if accepting() else list(PLANS)[:1]):
        folder = tmp_path / str(place)
        folder.mkdir()
        struck.update(sweep(Lab(shelf, plan, server, folder), most))
    few = "" if most == ALL else f"TALATAT_KILLS={most} "
    keep(
        "Plans interrupted", database,
        f"{few}TALATAT_ACCEPT=1 .venv/bin/python -m pytest tests/accept/test_kills.py -k {database}",
        plans=len(PLANS) if accepting() else 1, **struck, interruptions=struck.total(),
        converged=struck.total(), seconds=time.monotonic() - began,
    )  # fmt: skip
