"""The flows: what a client asks, request after request, of any peer.

A client is a generator: it yields a `Request` and is sent the `Answer`, so that it can go on from what it
got (a cursor, an ETag). The same number of a client gives the same requests on every peer.

search    text, filter, sort: a page of 20 products of 8 columns, with the cursor to the next
checkout  a token looked up in the database, three lines validated, products locked in the order of their
          ids, price and stock checked, stock taken, an order and its lines written, committed to disk
hello     what an answer costs that does nothing
get       one product by its id
page      the first page of 20 of a million rows, for who may see them
deep      the same at their end
patch     one field of a product, with If-Match
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any
from urllib.parse import urlencode

import orjson
from bench.data.known import Shop

PRODUCTS = "/api/catalog/v1/products"
CHECKOUT = "/api/orders/v1/orders:checkout"
HISTORY = "/api/orders/v1/history"
COLUMNS = "id,sku,title,supplier,price,stock,created_at,updated_at"
HISTORY_COLUMNS = "id,stock_code,description,quantity,unit_price,amount,invoiced_at,duplicate"
PAGE = 20
LINES = 3


@dataclass(frozen=True)
class Request:
    """One request; `path` with its query. A body is JSON."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """One answer; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return orjson.loads(self.body)


Client = Generator[Request, Answer, None]


@dataclass(frozen=True)
class Flow:
    """A kind of work. `client(shop, number)` asks for ever; `status` is the right answer to each."""

    name: str
    title: str
    client: Callable[[Shop, int], Client]
    status: int = 200
    writes: bool = False
    # What a client asks to begin with is not part of what is measured.
    first: int = field(default=0)


def authorised(token: str) -> tuple[tuple[str, str], ...]:
    """The header of a bearer token."""
    return (("Authorization", f"Bearer {token}"),)


@cache
def search_path(word: str, supplier: str, **more: Any) -> str:
    """The path of a search."""
    asked = {"title[contains]": word, "supplier": supplier, "sort": "title", "limit": PAGE}
    return f"{PRODUCTS}?{urlencode({**asked, 'fields': COLUMNS, **more})}"


def money(minor: int) -> dict[str, str]:
    """Cents as the API shows them."""
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "EUR"}


def basket(shop: Shop, buyer: dict[str, str], chance: Random) -> dict[str, Any]:
    """The body of a checkout of three lines."""
    return {
        "customer_id": buyer["customer_id"],
        "lines": [
            {
                "product_id": one["id"],
                "quantity": chance.randint(1, 3),
                "expected_price": money(one["price"]),
            }
            for one in chance.sample(shop.goods, LINES)
        ],
    }


def search(shop: Shop, number: int) -> Client:
    """First pages of what people seek."""
    chance = Random(number)
    while True:
        yield Request("GET", search_path(*chance.choice(shop.searches)))


def checkout(shop: Shop, number: int) -> Client:
    """Baskets of one buyer."""
    chance = Random(number)
    buyer = shop.buyers[number % len(shop.buyers)]
    while True:
        body = orjson.dumps(basket(shop, buyer, chance))
        yield Request("POST", CHECKOUT, authorised(buyer["token"]), body)


def hello(shop: Shop, number: int) -> Client:
    """What answers without looking at anything."""
    while True:
        yield Request("GET", "/livez")


def get(shop: Shop, number: int) -> Client:
    """Products by their ids."""
    chance = Random(number)
    while True:
        yield Request("GET", f"{PRODUCTS}/{chance.choice(shop.goods)['id']}?fields={COLUMNS}")


def patch(shop: Shop, number: int) -> Client:
    """One product that no other client changes; its ETag is read first, then taken from each answer."""
    token = authorised(shop.clerk)
    path = f"{PRODUCTS}/{shop.goods[number % len(shop.goods)]['id']}?fields={COLUMNS}"
    answer = yield Request("GET", path, token)
    for count in _counted():
        while "etag" not in answer.headers:  # it was refused, which is counted as an error
            answer = yield Request("GET", path, token)
        match = (("If-Match", answer.headers["etag"]),)
        body = orjson.dumps({"stock": 400_000 + count})
        answer = yield Request("PATCH", path, token + match, body)


def deep(shop: Shop, number: int, after: str | None = None) -> Client:
    """The page behind a cursor, or the first one."""
    asked = {"limit": PAGE, "fields": HISTORY_COLUMNS, **({"cursor": after} if after else {})}
    request = Request("GET", f"{HISTORY}?{urlencode(asked)}", authorised(shop.clerk))
    while True:
        yield request


def _counted() -> Iterator[int]:
    count = 0
    while True:
        count += 1
        yield count


FLOWS = {
    flow.name: flow
    for flow in (
        Flow("search", "search: text, filter, sort, 20 rows of 8 columns", search),
        Flow("checkout", "checkout: three lines, committed", checkout, 201, writes=True),
        Flow("hello", "an answer that does nothing", hello),
        Flow("get", "one product by its id", get),
        Flow("page", "the first page of a million rows", deep),
        Flow("deep", "a page at their end", deep),
        Flow("patch", "one field, with If-Match", patch, writes=True, first=1),
    )
}
