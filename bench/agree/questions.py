"""What is asked of every peer before anything is timed.

Right questions have an answer that must be the same, byte for byte, as that of Talatat; wrong ones must
be refused, and leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import orjson
from bench.data.known import Shop
from bench.flows import (
    CHECKOUT,
    COLUMNS,
    HISTORY,
    PRODUCTS,
    Request,
    authorised,
    basket,
    money,
    search_path,
)

INVALID = (400, 422)
UNKNOWN = (400, 404, 409, 422)
MADE_UP = "tlt_" + "A" * 49


@dataclass(frozen=True)
class Refusal:
    """A request that must not be answered as if it were right."""

    name: str
    request: Request
    statuses: tuple[int, ...]


def reads(shop: Shop) -> Iterator[tuple[str, Request]]:
    """Requests whose answers must be the same everywhere."""
    for word, supplier in shop.searches[:10]:
        yield f"search {word} of {supplier}", Request("GET", search_path(word, supplier))
    yield "a search without results", Request("GET", search_path("no such word %_\\", "HP"))
    yield "a search for a sign", Request("GET", search_path("%", shop.searches[0][1]))
    for number, one in enumerate(shop.goods[:5]):
        yield f"get one, the {number}.", Request("GET", f"{PRODUCTS}/{one['id']}?fields={COLUMNS}")
    from bench.flows import deep

    yield "history", next(deep(shop, 0))
    yield "hello", Request("GET", "/livez")


def refusals(shop: Shop) -> Iterator[Refusal]:
    """Requests that must be refused."""
    yield from _without_credentials(shop)
    yield from _bad_queries(shop)
    yield from _bad_baskets(shop)
    yield from _bad_patches(shop)


def _without_credentials(shop: Shop) -> Iterator[Refusal]:
    buyer = shop.buyers[0]
    body = orjson.dumps(basket(shop, buyer, Random(1)))
    one = f"{PRODUCTS}/{shop.goods[0]['id']}"
    for name, headers in (("no token", ()), ("a made up token", authorised(MADE_UP))):
        yield Refusal(f"checkout with {name}", Request("POST", CHECKOUT, headers, body), (401,))
        yield Refusal(f"history with {name}", Request("GET", HISTORY, headers), (401,))
        match = (*headers, ("If-Match", "*"))
        yield Refusal(f"patch with {name}", Request("PATCH", one, match, b'{"stock":1}'), (401,))
    mine = authorised(buyer["token"])
    yield Refusal("history as a buyer", Request("GET", HISTORY, mine), (403,))
    match = (*mine, ("If-Match", "*"))
    yield Refusal("patch as a buyer", Request("PATCH", one, match, b'{"stock":1}'), (403,))


def _bad_queries(shop: Shop) -> Iterator[Refusal]:
    word, supplier = shop.searches[0]
    yield Refusal("limit 0", Request("GET", search_path(word, supplier, limit=0)), INVALID)
    yield Refusal("limit x", Request("GET", search_path(word, supplier, limit="x")), INVALID)
    yield Refusal("no such product", Request("GET", f"{PRODUCTS}/{uuid4()}"), (404,))
    yield Refusal("no id", Request("GET", f"{PRODUCTS}/x"), (404, 422))


def _bad_baskets(shop: Shop) -> Iterator[Refusal]:
    buyer = shop.buyers[0]
    right = basket(shop, buyer, Random(1))
    headers = authorised(buyer["token"])

    def changed(name: str, statuses: tuple[int, ...], *path: Any, to: Any) -> Refusal:
        body = deepcopy(right)
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to
        return Refusal(name, Request("POST", CHECKOUT, headers, orjson.dumps(body)), statuses)

    yield Refusal("not JSON", Request("POST", CHECKOUT, headers, b'{"lines": ['), INVALID)
    yield Refusal("an array", Request("POST", CHECKOUT, headers, b"[]"), INVALID)
    yield changed("no lines", INVALID, "lines", to=[])
    yield changed("lines that are none", INVALID, "lines", to="three")
    yield changed("quantity 0", INVALID, "lines", 1, "quantity", to=0)
    yield changed("a negative quantity", INVALID, "lines", 2, "quantity", to=-1)
    yield changed("quantity of no number", INVALID, "lines", 0, "quantity", to="many")
    yield changed("a product id that is none", INVALID, "lines", 0, "product_id", to="x")
    yield changed(
        "a price that is none",
        INVALID,
        "lines",
        0,
        "expected_price",
        to={"amount": "x", "currency": "EUR"},
    )
    yield changed("no customer id", INVALID, "customer_id", to=None)
    yield changed("an unknown customer", UNKNOWN, "customer_id", to=str(uuid4()))
    yield changed(
        "somebody else's customer", UNKNOWN, "customer_id", to=shop.buyers[1]["customer_id"]
    )
    yield changed("an unknown product", UNKNOWN, "lines", 1, "product_id", to=str(uuid4()))
    yield changed("more than there is", (409,), "lines", 2, "quantity", to=1_000_000)
    yield changed("another price", (409,), "lines", 0, "expected_price", to=money(1))


def _bad_patches(shop: Shop) -> Iterator[Refusal]:
    path = f"{PRODUCTS}/{shop.goods[0]['id']}?fields={COLUMNS}"
    token = authorised(shop.clerk)
    old = (*token, ("If-Match", '"99999"'))
    yield Refusal("an old ETag", Request("PATCH", path, old, b'{"stock":1}'), (412,))
    for name, body in (
        ("a negative stock", b'{"stock":-1}'),
        ("a stock of no number", b'{"stock":"x"}'),
    ):
        yield Refusal(name, Request("PATCH", path, old, body), (*INVALID, 412))
