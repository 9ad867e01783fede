"""The checkout: checked by hand, five statements, one commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from bench.peers.domain import minor_of, money, new_id, now
from bench.peers.limit.identity import Who
from bench.peers.limit.refusing import Refused

CUSTOMER = "SELECT user_id FROM orders_customer WHERE id = %s"
LOCK = (
    "SELECT id::text, sku, title, price_minor, currency, stock FROM catalog_product "
    "WHERE id = ANY(%s) ORDER BY catalog_product.id FOR UPDATE"
)
TAKE = (
    "UPDATE catalog_product AS p SET stock = p.stock - t.quantity, version = p.version + 1 "
    "FROM unnest(%s::uuid[], %s::int[]) AS t (id, quantity) WHERE p.id = t.id AND p.stock IS NOT NULL"
)
ORDER = (
    "INSERT INTO orders_order (id, version, customer_id, state, currency, total_minor, placed_by, "
    "created_at, updated_at) VALUES (%s, 1, %s, 'placed', %s, %s, %s, %s, %s)"
)
LINES = (
    "INSERT INTO orders_order_line (order_id, position, product_id, sku, title, quantity, "
    "unit_price_minor, amount_minor) SELECT %s, * FROM unnest(%s::int[], %s::uuid[], %s::text[], "
    "%s::text[], %s::int[], %s::bigint[], %s::bigint[])"
)


def checkout(connection: Any, who: Who, body: Any) -> dict[str, Any]:
    """Place an order; Refused 422 or 409."""
    customer_id, basket = _read(body)
    with connection.transaction():
        row = connection.execute(CUSTOMER, (customer_id,)).fetchone()
        if row is None or not (row[0] is None or row[0] == who.id or who.sees_all):
            raise Refused(422, "unknown customer")
        wanted = {product_id for product_id, _, _ in basket}
        found = connection.execute(LOCK, (list(wanted),)).fetchall()
        products = {product[0]: product for product in found}
        if len(products) < len(wanted):
            raise Refused(422, "unknown product")
        taken = _check(basket, products)
        connection.execute(TAKE, (list(taken), list(taken.values())))
        return _write(connection, who, customer_id, basket, products)


def _read(body: Any) -> tuple[str, list[tuple[str, int, int | None]]]:
    try:
        customer_id = str(UUID(body["customer_id"]))
        lines = body["lines"]
        if not isinstance(lines, list) or not 1 <= len(lines) <= 1000:
            raise ValueError("lines")
        return customer_id, [_line(line) for line in lines]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(422, f"the basket cannot be read: {error}") from None


def _line(line: Any) -> tuple[str, int, int | None]:
    quantity, price = line["quantity"], line.get("expected_price")
    if type(quantity) is not int or not 1 <= quantity <= 1_000_000:
        raise ValueError("quantity")
    expected = None
    if price is not None:
        if price["currency"] != "EUR" or not isinstance(price["amount"], str):
            raise ValueError("expected_price")
        expected = minor_of(price["amount"])
    return str(UUID(line["product_id"])), quantity, expected


def _check(basket: list[tuple[str, int, int | None]], products: dict[str, Any]) -> dict[str, int]:
    """How much of each product is taken; Refused 409."""
    taken: dict[str, int] = {}
    for product_id, quantity, expected in basket:
        product = products[product_id]
        taken[product_id] = taken.get(product_id, 0) + quantity
        if product[5] is not None and taken[product_id] > product[5]:
            raise Refused(409, "out of stock")
        if expected is not None and expected != product[3]:
            raise Refused(409, "a price has changed")
    if len({product[4] for product in products.values()}) > 1:
        raise Refused(422, "mixed currencies")
    return taken


def _write(
    connection: Any, who: Who, customer_id: str, basket: Any, products: dict[str, Any]
) -> dict[str, Any]:
    order_id, moment = new_id(), now()
    lines = [(products[product_id], quantity) for product_id, quantity, _ in basket]
    currency = lines[0][0][4]
    total = sum(product[3] * quantity for product, quantity in lines)
    connection.execute(ORDER, (order_id, customer_id, currency, total, who.id, moment, moment))
    columns = zip(
        *(
            (at, product[0], product[1], product[2], quantity, product[3], product[3] * quantity)
            for at, (product, quantity) in enumerate(lines)
        ),
        strict=True,
    )
    connection.execute(LINES, (order_id, *map(list, columns)))
    return {
        "id": order_id,
        "customer_id": customer_id,
        "state": "placed",
        "lines": [
            {
                "product_id": product[0],
                "sku": product[1],
                "title": product[2],
                "quantity": quantity,
                "unit_price": money(product[3], currency),
                "amount": money(product[3] * quantity, currency),
            }
            for product, quantity in lines
        ],
        "total": money(total, currency),
        "paid_at": None,
        "shipped_at": None,
        "cancelled_at": None,
        "created_at": moment,
    }
