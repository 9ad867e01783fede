"""The cursor near the end of the history: what follows it is a page at the whole depth.

Most peers' cursors are made of the edge's id by `bench.peers.domain.cursor`, Django's by its framework.
Talatat's are sealed, so its pages are walked through, 500 ids at a time, as a client would.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.data.known import Shop
from bench.flows import HISTORY, PAGE, Answer, Request, authorised
from bench.peers.domain import cursor

LARGEST = 500
Ask = Callable[[Request], Answer]


def depth_of(shop: Shop) -> int:
    """How many lines stand before the page: whole pages of 500, and at least a page of 20 after them."""
    return (shop.history - PAGE - 1) // LARGEST * LARGEST


def cursor_there(ask: Ask, shop: Shop, connection: Any, kind: str) -> str:
    """Return the cursor behind `depth_of(shop)` lines. RuntimeError where there is none."""
    depth = depth_of(shop)
    if depth < LARGEST:
        raise RuntimeError(f"a history of {shop.history:,} lines is not deep")
    if kind == "sealed":
        return _walked(ask, shop, depth)
    edge = connection.execute(
        "SELECT id::text FROM orders_history_line ORDER BY id OFFSET %s LIMIT 1", (depth - 1,)
    ).fetchone()
    return KINDS[kind](edge[0])


def _of_the_framework(edge: str) -> str:
    """As Django REST framework's CursorPagination writes one."""
    return b64encode(urlencode({"p": edge}).encode()).decode()


KINDS: dict[str, Callable[[str], str]] = {"plain": cursor, "django": _of_the_framework}


def _walked(ask: Ask, shop: Shop, depth: int) -> str:
    after = ""
    for _ in range(depth // LARGEST):
        asked = {"limit": LARGEST, "fields": "id", **({"cursor": after} if after else {})}
        answer = ask(Request("GET", f"{HISTORY}?{urlencode(asked)}", authorised(shop.clerk)))
        following = answer.json().get("next") if answer.status == 200 else None
        if following is None:
            raise RuntimeError(f"the history ends before {depth:,} lines: {answer.body[:300]!r}")
        after = parse_qs(urlsplit(following).query)["cursor"][0]
    return after
