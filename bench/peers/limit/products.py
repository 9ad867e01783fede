"""Products: a page of a search, one, and changing one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from bench.peers.domain import cursor, money, now, read_cursor
from bench.peers.limit.refusing import Refused

COLUMNS = "id::text, sku, title, supplier, price_minor, currency, stock, created_at, updated_at"
PAGE = (
    f"SELECT {COLUMNS} FROM catalog_product WHERE strpos(title, %s) > 0 AND supplier = %s"
    "{} ORDER BY title, catalog_product.id LIMIT %s"
)
FIRST, NEXT = PAGE.format(""), PAGE.format(" AND (title, id) > (%s, %s)")
ONE = f"SELECT {COLUMNS}, version FROM catalog_product WHERE id = %s"
CHANGE = (
    "UPDATE catalog_product SET stock = %s, version = version + 1, updated_at = %s "
    f"WHERE id = %s AND version = %s RETURNING {COLUMNS}, version"
)


def page(connection: Any, environ: dict[str, Any]) -> dict[str, Any]:
    """A page of what is sought."""
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    try:
        word, supplier = asked["title[contains]"], asked["supplier"]
        limit = int(asked.get("limit", 50))
        if not 1 <= limit <= 500 or asked.get("sort") != "title":
            raise ValueError("limit or sort")
        after = read_cursor(asked["cursor"], 2) if "cursor" in asked else None
    except (KeyError, ValueError) as error:
        raise Refused(400, f"what is asked cannot be read: {error}") from None
    if after is None:
        found = connection.execute(FIRST, (word, supplier, limit + 1))
    else:
        found = connection.execute(NEXT, (word, supplier, *after, limit + 1))
    rows = found.fetchall()
    following = None
    if len(rows) > limit:
        rows.pop()
        more = {**asked, "cursor": cursor(rows[-1][2], rows[-1][0])}
        following = f"{environ['PATH_INFO']}?{urlencode(more)}"
    return {"items": [_shown(row) for row in rows], "next": following, "prev": None}


def show(connection: Any, identifier: str) -> tuple[dict[str, Any], str]:
    """One product and its ETag."""
    row = connection.execute(ONE, (_id(identifier),)).fetchone()
    if row is None:
        raise Refused(404, "no such product")
    return _shown(row), f'"{row[9]}"'


def change(
    connection: Any, identifier: str, body: Any, match: str | None
) -> tuple[dict[str, Any], str]:
    """Change the stock of a product that is as it was read."""
    if not isinstance(body, dict) or body.keys() != {"stock"}:
        raise Refused(422, "only the stock can be changed")
    stock = body["stock"]
    if type(stock) is not int or not 0 <= stock < 2**31:
        raise Refused(422, "stock is a number of pieces")
    try:
        version = int((match or "").strip('"'))
    except ValueError:
        raise Refused(412, "If-Match is no ETag of this product") from None
    asked = (stock, now(), _id(identifier), version)
    row = connection.execute(CHANGE, asked).fetchone()
    if row is None:
        show(connection, identifier)
        raise Refused(412, "the product has changed since")
    return _shown(row), f'"{row[9]}"'


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(404, "no such product") from None


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "id": row[0],
        "sku": row[1],
        "title": row[2],
        "supplier": row[3],
        "price": money(row[4], row[5]),
        "stock": row[6],
        "created_at": row[7],
        "updated_at": row[8],
    }
