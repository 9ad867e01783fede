"""The shop's own orders: placed, paid and shipped through the API, as its clients do."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from pyramid.request import Request
from rich.progress import track

from demo.products import SEED

ORDERS = "/api/orders/v1/orders"
NEXT_STEPS = ((), ("pay",), ("pay", "ship"), ("pay", "ship"), ("cancel",))
Application = Callable[..., Any]


class Client:
    """Asks a WSGI application with a token."""

    def __init__(self, application: Application, token: str) -> None:
        self.application = application
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def get(self, path: str) -> Any:
        """The document at a path; raises RuntimeError for any answer but 200."""
        status, document = self._send(Request.blank(path, headers=self.headers))
        if status != 200:
            raise RuntimeError(f"{path}: {document}")
        return document

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        """(status, document) of a POST."""
        request = Request.blank(path, headers=self.headers, method="POST")
        if body is not None:
            request.content_type = "application/json"
            request.body = json.dumps(body).encode()
        return self._send(request)

    def _send(self, request: Request) -> tuple[int, Any]:
        response = request.get_response(self.application)
        return response.status_int, json.loads(response.body) if response.body else None


def baskets(
    customers: list[dict[str, Any]], goods: list[dict[str, Any]], count: int
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """`count` bodies of a checkout, each with what happens to the order afterwards."""
    chance = Random(SEED + 2)
    for _ in range(count):
        picked = chance.sample(goods, min(len(goods), chance.choice((1, 1, 2, 3))))
        lines = [{"product_id": one["id"], "quantity": chance.choice((1, 1, 2))} for one in picked]
        customer = chance.choice(customers)
        yield {"customer_id": customer["id"], "lines": lines}, chance.choice(NEXT_STEPS)


def place_orders(application: Application, token: str, count: int) -> int:
    """Place `count` orders where there is none yet; gives how many were accepted.

    What has run out is refused with 409, as in any shop; other answers raise RuntimeError.
    """
    client = Client(application, token)
    customers = client.get("/api/orders/v1/customers?limit=200")["items"]
    goods = client.get("/api/catalog/v1/products?limit=500")["items"]
    if not count or not customers or not goods or client.get(f"{ORDERS}?limit=1")["items"]:
        return 0
    accepted = 0
    planned = list(baskets(customers, goods, count))
    for body, steps in track(planned, description="Placing orders"):
        status, order = client.post(f"{ORDERS}:checkout", body)
        if status not in (201, 409):
            raise RuntimeError(f"{ORDERS}:checkout answered {status}: {order}")
        if status == 201:
            accepted += 1
            for step in steps:
                client.post(f"{ORDERS}/{order['id']}:{step}")
    return accepted
