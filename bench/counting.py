"""Instructions a request of the peers that a plan counts: after the rounds, for valgrind takes all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.data.cluster import Cluster
from bench.data.shop import Failed, copy, environment
from bench.instructions import count
from bench.plan import MAIN, Plan
from bench.results import Results

AT_ONCE = 2


def count_instructions(
    cluster: Cluster,
    plan: Plan,
    found: Results,
    say: Callable[[str], None],
    keep: Callable[[], None],
) -> None:
    """Count the two flows of each peer that has not been counted; one that fails is told.

    Two at a time: instructions are the same on a busy machine.
    """
    os.environ.update(environment(copy(cluster)))
    wanted = {
        peer: [flow for flow in plan.flows if flow in MAIN and not found.out(peer, flow)
               and peer not in found.instructions.get(flow, {})]
        for peer in plan.counted if peer in plan.peers
    }  # fmt: skip
    with ThreadPoolExecutor(AT_ONCE) as pool:
        counting = {
            peer: pool.submit(count, peer, flows) for peer, flows in wanted.items() if flows
        }
        for peer, counted in counting.items():
            try:
                _note(found, peer, counted.result(), say)
            except Failed as error:
                found.fail(peer, "instructions", error)
                say(f"FAILED: {peer}, instructions: {error}")
            keep()


def _note(found: Results, peer: str, counted: dict[str, int], say: Callable[[str], None]) -> None:
    for flow, number in counted.items():
        found.instructions.setdefault(flow, {})[peer] = number
        say(f"{flow:9} {peer:17} {number:>12,} instructions a request")
