"""What stands in the database: the stock of some products, and what was ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.data.products import STOCK


@dataclass(frozen=True)
class Books:
    """The shop's books at one moment."""

    orders: int
    lines: int
    stock: dict[str, int]
    versions: dict[str, int]


def books(connection: Any, products: list[str]) -> Books:
    """Read them."""
    orders = connection.execute("SELECT count(*) FROM orders_order").fetchone()[0]
    lines = connection.execute("SELECT count(*) FROM orders_order_line").fetchone()[0]
    rows = connection.execute(
        "SELECT id::text, stock, version FROM catalog_product WHERE id = ANY(%s::uuid[])",
        (products,),
    ).fetchall()
    return Books(orders, lines, {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})


def order(connection: Any, order_id: str) -> list[Any]:
    """An order and its lines as they were written, without what each server makes."""
    head = connection.execute(
        "SELECT version, customer_id::text, state, currency, total_minor, placed_by, paid_at, "
        "shipped_at, cancelled_at, created_at IS NOT NULL FROM orders_order WHERE id = %s",
        (order_id,),
    ).fetchall()
    lines = connection.execute(
        "SELECT position, product_id::text, sku, title, quantity, unit_price_minor, amount_minor "
        "FROM orders_order_line WHERE order_id = %s ORDER BY position",
        (order_id,),
    ).fetchall()
    return [*head, *lines]


def restore(connection: Any) -> None:
    """Bring the products back to how the shop was made: what one peer sold is there for the next."""
    connection.execute(
        "UPDATE catalog_product SET stock = %s, version = 1, updated_at = created_at WHERE version > 1",
        (STOCK,),
    )
