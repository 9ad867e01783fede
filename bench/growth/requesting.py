"""What one request costs in a shop with so many generated addons beside it, in function calls.

The requests go to the composed application over WSGI, on SQLite. Each is sent until caches are warm; of a
few more the one with the fewest calls counts: the others met somebody's clock.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from bench.growth.counting import calls

from talatat.testing import TestSystem, composed
from talatat_catalog.models import Product

WARM, COUNTED = 6, 4
SHOP = ("catalog", "orders")


def calls_of_requests(names: Iterable[str]) -> dict[str, int]:
    """{request: function calls} in a shop with these generated addons, the last of which is asked, too."""
    names = list(names)
    with composed([*names, *SHOP]) as system:
        return {what: _fewest(request) for what, request in _requests(system, names[-1]).items()}


def _fewest(request: Callable[[], Any]) -> int:
    for _ in range(WARM):
        request()
    return min(calls(request) for _ in range(COUNTED))


def _requests(system: TestSystem, name: str) -> dict[str, Callable[[], Any]]:
    system.sign_in("clerk", "*")
    app = system.app
    with system.session() as session:
        products = [
            Product(
                sku=f"P{number}",
                title=f"Lamp {number}",
                price_minor=100,
                currency="EUR",
                stock=10**6,
            )
            for number in range(3)
        ]
        session.add_all(products)
        session.flush()
        lines = [{"product_id": one.id, "quantity": 1} for one in products]
    made = app.post_json("/api/orders/v1/customers", {"name": "Ann"}, status=201)
    basket = {"customer_id": made.json["id"], "lines": lines}
    return {
        "search": lambda: app.get("/api/catalog/v1/products?q=lamp&limit=20", status=200),
        "checkout": lambda: app.post_json("/api/orders/v1/orders:checkout", basket, status=201),
        "a view of the last addon": lambda: app.get(f"/{name}/pages/3/7", status=200),
        "its list": lambda: app.get(f"/api/{name}/v1/items0", status=200),
        "no route": lambda: app.get("/api/nothing", status=404),
        "no method": lambda: app.put(f"/api/{name}/v1/items0", status=405),
    }


if __name__ == "__main__":
    print(json.dumps(calls_of_requests(sys.argv[1:])))
