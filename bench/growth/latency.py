"""How long a request takes in a shop with many generated addons beside it, against a shop with few.

    python -m bench.growth latency --addons 3 500

See `shops`. A figure is the median of the rounds' medians, in microseconds; the ratio is the median of the ratios of
each round.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from bench.flows import Request, search_path
from bench.growth.shops import Ask, in_turn, serve, shop, timed
from bench.growth.writing import write_addons
from bench.inprocess import WSGICaller

from talatat.testing import TestSystem, composed
from talatat.testing.servers import PostgreSQL
from talatat_catalog.models import Product

ROUNDS = 25
SHOP = ("catalog", "orders")
PRODUCTS = 2000
FLOWS = ("search", "checkout")


def latencies(counts: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each number of addons: microseconds of both flows, and how many times those with the fewest."""
    with PostgreSQL() as server, ExitStack() as stack:
        shops = [
            stack.enter_context(
                shop(__name__, partial(write_addons, count=count), server.create_database())
            )
            for count in counts
        ]
        taken = in_turn(shops, FLOWS, ROUNDS)
    return [_row(count, found, taken[0]) for count, found in zip(counts, taken, strict=True)]


def _row(
    count: int, found: dict[str, list[float]], fewest: dict[str, list[float]]
) -> dict[str, Any]:
    row: dict[str, Any] = {"addons": count}
    for flow, rounds in found.items():
        row[f"{flow}_us"] = round(median(rounds), 1)
        ratios = (one / other for one, other in zip(rounds, fewest[flow], strict=True))
        row[f"{flow}_times"] = round(median(ratios), 4)
    return row


def _flows(system: TestSystem) -> dict[str, Ask]:
    system.sign_in("clerk", "*")
    made = system.app.post_json("/api/orders/v1/customers", {"name": "Ann"}, status=201)
    lines = [{"product_id": one, "quantity": 1} for one in _products(system)[:3]]
    basket = json.dumps({"customer_id": made.json["id"], "lines": lines}).encode()
    call = WSGICaller(system.app.app)
    search = Request("GET", search_path("Lamp 1", "Lamps"))
    checkout = Request("POST", "/api/orders/v1/orders:checkout", (), basket)
    return {
        "search": timed(call, lambda: search, 200),
        "checkout": timed(call, lambda: checkout, 201),
    }


def _products(system: TestSystem) -> list[str]:
    """The ids of new products, some of which a search finds."""
    made = [
        Product(
            sku=f"P{number}",
            title=f"Lamp {number}",
            supplier="Lamps",
            price_minor=100,
            currency="EUR",
            stock=10**6,
        )
        for number in range(PRODUCTS)
    ]
    with system.session() as session:
        session.add_all(made)
        session.flush()
        return [one.id for one in made]


if __name__ == "__main__":
    url, *names = sys.argv[1:]
    with composed([*names, *SHOP], url=url) as composed_shop:
        serve(_flows(composed_shop))
