"""Growth, measured by `bench.growth` in processes of its own: starting, and the calls and the time of a request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bench.data.cluster import ROOT
from bench.results import Results

KINDS = ("request", "latency", "start")


def grow(
    addons: Sequence[int], found: Results, say: Callable[[str], None], keep: Callable[[], None]
) -> None:
    """Measure what is not kept yet; a kind that fails is told."""
    for kind in KINDS:
        if addons and kind not in found.growth:
            say(f"growth, {kind}: {', '.join(map(str, addons))} addons ...")
            try:
                found.growth[kind] = _measured(kind, addons)
            except (RuntimeError, ValueError) as error:
                found.fail("talatat", f"growth, {kind}", error)
                say(f"FAILED: growth, {kind}: {error}")
            keep()


def _measured(kind: str, addons: Sequence[int]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.growth", kind, "--json", "--addons", *map(str, addons)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows
