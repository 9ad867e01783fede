"""Former invoices' lines, a page at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from bench.peers.domain import cursor, four_places, read_cursor
from bench.peers.limit.identity import allowed
from bench.peers.limit.refusing import Refused

PAGE = (
    "SELECT id::text, stock_code, description, quantity, unit_price, amount, invoiced_at, duplicate "
    "FROM orders_history_line AS line{} ORDER BY line.id LIMIT %s"  # `id` alone would be the text
)
FIRST, NEXT = PAGE.format(""), PAGE.format(" WHERE line.id > %s")


def page(connection: Any, environ: dict[str, Any]) -> dict[str, Any]:
    """A page, in the order of the ids."""
    allowed(connection, environ, "orders.read_all")
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    try:
        limit = int(asked.get("limit", 50))
        if not 1 <= limit <= 500:
            raise ValueError("limit")
        after = read_cursor(asked["cursor"], 1) if "cursor" in asked else []
    except ValueError as error:
        raise Refused(400, f"what is asked cannot be read: {error}") from None
    rows = connection.execute(NEXT if after else FIRST, (*after, limit + 1)).fetchall()
    following = None
    if len(rows) > limit:
        rows.pop()
        following = f"{environ['PATH_INFO']}?{urlencode({**asked, 'cursor': cursor(rows[-1][0])})}"
    return {"items": [_shown(row) for row in rows], "next": following, "prev": None}


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "id": row[0],
        "stock_code": row[1],
        "description": row[2],
        "quantity": row[3],
        "unit_price": four_places(row[4]),
        "amount": four_places(row[5]),
        "invoiced_at": row[6],
        "duplicate": row[7],
    }
