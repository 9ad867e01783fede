"""Growth, measured by `bench.growth` in processes of its own: starting, and the calls and the time of a request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bench.data.cluster import ROOT
from bench.plan import Plan
from bench.results import Results

#: What is measured, and of what there are more and more.
KINDS = {
    "request": "addons",
    "latency": "addons",
    "start": "addons",
    "rows": "rows",
    "extensions": "extensions",
}


def grow(plan: Plan, found: Results, say: Callable[[str], None], keep: Callable[[], None]) -> None:
    """Measure what is not kept yet; a kind that fails is told."""
    for kind, what in KINDS.items():
        numbers = plan.growth.get(what, ())
        if numbers and kind not in found.growth:
            say(f"growth, {kind}: {', '.join(map(str, numbers))} {what} ...")
            try:
                found.growth[kind] = _measured(kind, what, numbers)
            except (RuntimeError, ValueError) as error:
                found.fail("talatat", f"growth, {kind}", error)
                say(f"FAILED: growth, {kind}: {error}")
            keep()


def _measured(kind: str, what: str, numbers: Sequence[int]) -> list[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "bench.growth",
        kind,
        "--json",
        f"--{what}",
        *map(str, numbers),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows
