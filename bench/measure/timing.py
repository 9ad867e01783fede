"""One measurement: a peer under the generator for some seconds, with what it used meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from bench.data.cluster import ROOT, Cluster
from bench.data.shop import KNOWN, Failed
from bench.flows import Flow
from bench.measure.processes import cpu_seconds, tree, worker_memory
from bench.serving import WORKERS, Serving


@dataclass(frozen=True)
class Span:
    """For how long, over how many connections, at which rate (None: as fast as answers come)."""

    warm: float
    seconds: float
    connections: int = 16
    rate: float | None = None


def measure(
    serving: Serving, flow: Flow, span: Span, cluster: Cluster, seed: int, **more: Any
) -> dict[str, Any]:
    """Return the generator's summary with `cpu_us` and `database_us` a request, and bytes of `memory`.

    CPU is that of all requests, those of the warm-up too: the processes are looked at before and after.
    """
    what = {
        "flow": flow.name,
        "shop": str(KNOWN),
        "ports": serving.ports,
        "connections": span.connections,
        "warm": span.warm,
        "seconds": span.seconds,
        "rate": span.rate,
        "seed": seed,
        "more": more,
    }
    peer = [process.pid for process in serving.processes]
    before = cpu_seconds(tree(peer)), cpu_seconds(tree([cluster.pid]))
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=json.dumps(what), capture_output=True,
        text=True, cwd=ROOT, timeout=span.warm + span.seconds + 120, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(
            f"the generator against {serving.peer.name}, {flow.name}: {done.stderr[-2000:]}"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    used = cpu_seconds(tree(peer)) - before[0], cpu_seconds(tree([cluster.pid])) - before[1]
    every = max(1, found["every"])
    return found | {
        "cpu_us": round(used[0] / every * 1e6, 1),
        "database_us": round(used[1] / every * 1e6, 1),
        "memory": worker_memory(peer, WORKERS),
    }
