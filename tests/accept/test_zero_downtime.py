"""Releases are applied and taken back under load, on a million rows, and nobody notices."""

import json
import subprocess
import sys

import figures


def test_nobody_notices_that_releases_are_applied_and_taken_back():
    rows = figures.number("zero_downtime_rows", 10_000, 1_000_000)
    options = [
        "--rows",
        str(rows),
        *([] if figures.accepting() else ["--rest", "2", "--no-report"]),
    ]
    command = [sys.executable, "-m", "bench.zero_downtime", *options, "--json"]
    done = subprocess.run(command, cwd=figures.ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    shown = f"python -m bench.zero_downtime {' '.join(options)}"
    figures.keep("zero-downtime", "postgresql", shown, **told["totals"])
    assert told["noticed"] == []
    totals = told["totals"]
    assert (totals["5xx"], totals["broken connections"], totals["rows lost"]) == (0, 0, 0)
    assert totals["plans under load"] >= 5
    assert totals["longest lock, ms"] <= 1000
    assert done.returncode == 0, done.stderr
