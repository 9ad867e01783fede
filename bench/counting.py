"""Instructions a request of the peers that a plan counts: after the rounds, for valgrind takes both cores."""

from __future__ import annotations

import os
from collections.abc import Callable

from bench.data.cluster import Cluster
from bench.data.shop import Failed, copy, environment
from bench.instructions import count
from bench.plan import MAIN, Plan
from bench.results import Results


def count_instructions(
    cluster: Cluster,
    plan: Plan,
    found: Results,
    say: Callable[[str], None],
    keep: Callable[[], None],
) -> None:
    """Count the two flows of each peer that has not been counted; one that fails is told."""
    os.environ.update(environment(copy(cluster)))
    for peer in (name for name in plan.counted if name in plan.peers):
        flows = [
            flow for flow in plan.flows
            if flow in MAIN and not found.out(peer, flow) and peer not in found.instructions.get(flow, {})
        ]  # fmt: skip
        if not flows:
            continue
        try:
            counted = count(peer, flows)
        except Failed as error:
            found.fail(peer, "instructions", error)
            say(f"FAILED: {peer}, instructions: {error}")
            continue
        for flow, number in counted.items():
            found.instructions.setdefault(flow, {})[peer] = number
            say(f"{flow:9} {peer:17} {number:>12,} instructions a request")
        keep()
