"""Ten times the load: what a system answers meanwhile, how it recovers, and whether it keeps what it acknowledged.

    python -m bench.spike [--peer talatat] [--seconds 20] [--factor 10] [--products 100000]

Checkouts by an open loop: steady, at a third of what the peer can do; then `factor` times as much for as
long as asked; then steady again. Each order that was answered 201 is looked for in the database
afterwards, with its three lines, and what was taken of each product has to be what the orders' lines say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from bench.data.cluster import ROOT, Cluster
from bench.data.known import Shop
from bench.data.products import STOCK
from bench.data.shop import PRODUCTS, Failed, copy, prepare
from bench.flows import FLOWS, LINES, Client, checkout
from bench.load import opened
from bench.load.connections import Connection
from bench.measure.timing import Span, measure
from bench.peers.registry import PEERS
from bench.serving import Serving

#: More than any peer lets in or lets wait: who is turned away is told so by the peer.
CONNECTIONS = 300
SHARE = 1 / 3
PROBE = Span(1.0, 4.0)

ACKNOWLEDGED = """
SELECT count(*) FROM orders_order o WHERE o.id = ANY(%s::uuid[])
AND (SELECT count(*) FROM orders_order_line l WHERE l.order_id = o.id) = %s
"""
UNLIKE = """
SELECT count(*) FROM catalog_product p
LEFT JOIN (SELECT product_id, sum(quantity) AS sold FROM orders_order_line GROUP BY 1) s ON s.product_id = p.id
WHERE p.stock <> %s - coalesce(s.sold, 0)
"""


def buying(shop: Shop, number: int, acknowledged: list[str]) -> Client:
    """A buyer who keeps the numbers of the orders that were confirmed."""
    client = checkout(shop, number)
    request = next(client)
    while True:
        answer = yield request
        if answer.status == FLOWS["checkout"].status:
            acknowledged.append(answer.json()["id"])
        request = client.send(answer)


def spike(
    cluster: Cluster, shop: Shop, serving: Serving, seconds: float, factor: float
) -> dict[str, Any]:
    """Return a row for each phase, and what was found in the database. The peer serves a fresh copy."""
    able = measure(serving, FLOWS["checkout"], PROBE, cluster, seed=1)["rate"]
    if not able:
        raise Failed(f"{serving.peer.name} answers no checkout: nothing can be multiplied")
    steady = max(1.0, able * SHARE)
    acknowledged: list[str] = []
    phases = []
    for name, rate in (("before", steady), ("spike", steady * factor), ("after", steady)):
        lasting = seconds if name == "spike" else min(seconds, 60.0)
        phases.append(_phase(name, rate, lasting, serving.ports, shop, acknowledged))
    with cluster.connect("bench") as connection:
        kept = connection.execute(ACKNOWLEDGED, (acknowledged, LINES)).fetchone()[0]  # type: ignore[index]
        unlike = connection.execute(UNLIKE, (STOCK,)).fetchone()[0]  # type: ignore[index]
    return {
        "peer": serving.peer.name,
        "phases": phases,
        "acknowledged": len(acknowledged),
        "lost": len(acknowledged) - int(str(kept)),
        "products whose stock is not what orders say": int(str(unlike)),
    }


def _phase(
    name: str,
    rate: float,
    seconds: float,
    ports: Sequence[int],
    shop: Shop,
    acknowledged: list[str],
) -> dict[str, Any]:
    connections = [
        Connection(ports[number % len(ports)], buying(shop, number, acknowledged))
        for number in range(CONNECTIONS)
    ]
    seen = opened.run(connections, FLOWS["checkout"].status, rate, 0.0, seconds).summary()
    return {"phase": name, "asked/s": round(rate, 1), "seconds": seconds,
            **{key: seen[key] for key in ("requests", "rate", "p50_ms", "p99_ms", "max_ms", "errors")}}  # fmt: skip


def main() -> int:
    """Run it; 1 where an acknowledged order is lost."""
    options = _options()
    folder = ROOT / "var" / "bench" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with Cluster() as cluster:
        shop = prepare(cluster, options.products, options.products * 10)
        with Serving(PEERS[options.peer], copy(cluster), folder) as serving:
            serving.wait()
            found = spike(cluster, shop, serving, options.seconds, options.factor)
    print(json.dumps(found, indent=1))
    return 1 if found["lost"] or found["products whose stock is not what orders say"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.spike", description=__doc__)
    parser.add_argument("--peer", choices=PEERS, default="talatat")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--factor", type=float, default=10.0)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
