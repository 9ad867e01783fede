"""Shops with generated addons, each a process of its own on a database of its own, that are asked in turn.

All of them are up at once and are asked round after round, so that what the machine does meanwhile meets all alike.
A module that is such a shop calls `serve` with what it can be asked, and is started by `shop`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.flows import Request
from bench.growth.apart import ROOT
from bench.inprocess import WSGICaller

REQUESTS, WARM = 80, 60

Ask = Callable[[], float]
"""Microseconds of one request."""


@contextmanager
def shop(
    module: str, write: Callable[[Path], list[str]], *arguments: str
) -> Iterator[Callable[[str], float]]:
    """A running shop with the addons that `write` writes; called with a flow it tells the median of some requests."""
    with tempfile.TemporaryDirectory(prefix="talatat-growth-") as name:
        names = write(Path(name))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([name, str(ROOT)])}
        command = [sys.executable, "-m", module, *arguments, *names]
        with subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            asked, told = process.stdin, process.stdout
            assert asked is not None
            assert told is not None
            _line(told)  # it is up

            def ask(flow: str) -> float:
                print(flow, file=asked, flush=True)
                return float(_line(told))

            try:
                yield ask
            finally:
                asked.close()


def in_turn(
    shops: Sequence[Callable[[str], float]], flows: Sequence[str], rounds: int
) -> list[dict[str, list[float]]]:
    """What each shop told of each flow, round by round."""
    taken: list[dict[str, list[float]]] = [{flow: [] for flow in flows} for _ in shops]
    for number in range(rounds):
        # Who comes first in a round is another one each time.
        order = [(number + at) % len(shops) for at in range(len(shops))]
        for flow in flows:
            for at in order:
                taken[at][flow].append(shops[at](flow))
    return taken


def serve(flows: Mapping[str, Ask]) -> None:
    """Be a shop: for each flow that is asked for on the standard input tell its time."""
    for ask in flows.values():
        for _ in range(WARM):
            ask()
    _tell(0)
    for line in sys.stdin:
        ask = flows[line.strip()]
        _tell(median(ask() for _ in range(REQUESTS)))


def timed(call: WSGICaller, make: Callable[[], Request], status: int) -> Ask:
    """What times one request, which is made before."""

    def ask() -> float:
        request = make()
        began = time.perf_counter_ns()
        answer = call(request)
        took = time.perf_counter_ns() - began
        assert answer.status == status, answer
        return took / 1000

    return ask


def _line(told: Any) -> Any:
    """The next answer; what the application prints is none."""
    for line in told:
        if line.startswith("latency "):
            return json.loads(line.removeprefix("latency "))
    raise SystemExit("a shop with generated addons has ended")


def _tell(value: float) -> None:
    print(f"latency {json.dumps(value)}", flush=True)
