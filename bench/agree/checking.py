"""Asking the questions of one peer, and holding its answers to those of the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from bench.agree.canonical import MADE, canonical, difference
from bench.agree.questions import reads, refusals
from bench.agree.written import books, order, restore
from bench.data.known import Shop
from bench.flows import (
    CHECKOUT,
    COLUMNS,
    PRODUCTS,
    Answer,
    Request,
    authorised,
    basket,
    search_path,
)

Ask = Callable[[Request], Answer]


@dataclass
class Agreement:
    """What the first peer answered, and where others differ from it."""

    shop: Shop
    flows: tuple[str, ...]
    answers: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    asked: int = 0

    def hold(self, name: str, found: bytes) -> None:
        """The first answer to a question counts; another one is a fault."""
        self.asked += 1
        wanted = self.answers.setdefault(name, found)
        if found != wanted:
            self.faults.append(f"{name}: {difference(found, wanted)}")

    def check(self, ask: Ask, connection: Any) -> list[str]:
        """Ask a peer all that it has to answer; what is wrong with it, one line each."""
        self.faults = []
        restore(connection)
        for name, request in reads(self.shop):
            if _flow_of(request) in self.flows:
                self.hold(name, canonical(ask(request)))
        if "search" in self.flows:
            self._next_page(ask)
        self._refused(ask, connection)
        if "checkout" in self.flows:
            self._checkout(ask, connection)
        if "patch" in self.flows:
            self._patch(ask, connection)
        return self.faults

    def _next_page(self, ask: Ask) -> None:
        """A cursor leads to the page after, for every peer to the same one."""
        word, supplier = self.shop.searches[0]
        first = ask(Request("GET", search_path(word, supplier))).json()
        if first["next"] is None:
            self.faults.append("a search with more than a page has no next page")
            return
        following = parse_qs(urlsplit(first["next"]).query)["cursor"][0]
        page = ask(Request("GET", search_path(word, supplier, cursor=following)))
        self.hold("the second page", canonical(page))

    def _refused(self, ask: Ask, connection: Any) -> None:
        products = [one["id"] for one in self.shop.goods]
        before = books(connection, products)
        for refusal in refusals(self.shop):
            if _flow_of(refusal.request) not in self.flows:
                continue
            self.asked += 1
            answer = ask(refusal.request)
            if answer.status not in refusal.statuses:
                self.faults.append(
                    f"{refusal.name}: {answer.status}, not {refusal.statuses}: {answer.body[:200]!r}"
                )
        if books(connection, products) != before:
            self.faults.append("what was refused has changed the database")

    def _checkout(self, ask: Ask, connection: Any) -> None:
        for number, buyer in enumerate(self.shop.buyers[:3]):
            body = basket(self.shop, buyer, Random(100 + number))
            products = [line["product_id"] for line in body["lines"]]
            before = books(connection, products)
            request = Request("POST", CHECKOUT, authorised(buyer["token"]), orjson.dumps(body))
            answer = ask(request)
            self.hold(f"checkout {number}", canonical(answer, MADE))
            if answer.status != 201:
                continue
            placed = order(connection, answer.json()["id"])
            self.hold(f"order {number} as written", repr(placed).encode())
            after = books(connection, products)
            taken = {key: before.stock[key] - after.stock[key] for key in products}
            if taken != {line["product_id"]: line["quantity"] for line in body["lines"]}:
                self.faults.append(f"checkout {number} took {taken}")
            if (after.orders - before.orders, after.lines - before.lines) != (1, 3):
                self.faults.append(f"checkout {number} wrote not one order of three lines")
            if any(after.versions[key] <= before.versions[key] for key in products):
                self.faults.append(f"checkout {number} left a product's version as it was")

    def _patch(self, ask: Ask, connection: Any) -> None:
        path = f"{PRODUCTS}/{self.shop.goods[7]['id']}?fields={COLUMNS}"
        token = authorised(self.shop.clerk)
        etag = ask(Request("GET", path, token)).headers.get("etag", "")
        right = (*token, ("If-Match", etag))
        answer = ask(Request("PATCH", path, right, b'{"stock":4711}'))
        self.hold("patch", canonical(answer, {"updated_at"}))
        again = ask(Request("PATCH", path, right, b'{"stock":4712}'))
        self.hold("patch with the ETag before", canonical(Answer(again.status, {}, b"")))


def _flow_of(request: Request) -> str:
    path = request.path.partition("?")[0]
    if path == CHECKOUT:
        return "checkout"
    if path.endswith("/history"):
        return "page"
    if path == "/livez":
        return "hello"
    if path == PRODUCTS:
        return "search"
    return "patch" if request.method == "PATCH" else "get"
