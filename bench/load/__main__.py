"""The generator's process: reads what to do from standard input as JSON, prints what it saw as JSON.

    {"flow": "search", "shop": "var/bench/shop.json", "ports": [8001], "connections": 16,
     "warm": 1.0, "seconds": 3.0, "rate": null, "seed": 0}

`rate` null is the closed loop. Connections are spread over the ports evenly.
"""

from __future__ import annotations

import gc
import json
import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.data.known import read
from bench.flows import FLOWS
from bench.load import closed, opened
from bench.load.connections import Connection
from bench.load.counting import Seen


def generate(what: dict[str, Any]) -> Seen:
    """Run what is asked for."""
    flow = FLOWS[what["flow"]]
    shop = read(Path(what["shop"]))
    count = what["connections"]
    ports = islice(cycle(what["ports"]), count)
    connections = [
        Connection(port, flow.client(shop, what["seed"] * 1000 + number, **what.get("more", {})))
        for number, port in enumerate(ports)
    ]
    # Nothing that is kept here refers to itself: a collection would only be a pause.
    gc.disable()
    for connection in connections:
        for _ in range(flow.first):
            connection.sock.settimeout(10)
            connection.send()
            while not connection.receive():
                pass
            connection.turn()
            connection.sock.setblocking(False)
    if what["rate"] is None:
        return closed.run(connections, flow.status, what["warm"], what["seconds"])
    return opened.run(connections, flow.status, what["rate"], what["warm"], what["seconds"])


if __name__ == "__main__":
    print(json.dumps(generate(json.load(sys.stdin)).summary()))
