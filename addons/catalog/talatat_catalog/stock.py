"""Taking stock and giving it back, without ever selling the last one twice.

Rows are locked in the order of their ids, so that two checkouts of the same products wait for each
other and never deadlock. On SQLite the write transaction itself is the lock (BEGIN IMMEDIATE). Nothing
is taken unless all is there; the caller's transaction decides whether it stays taken.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from talatat_catalog.models import Product


class UnknownProduct(LookupError):
    """No such product. `product_ids` lists all that are missing."""

    def __init__(self, product_ids: list[str]) -> None:
        super().__init__(f"no product {', '.join(product_ids)}")
        self.product_ids = product_ids


class OutOfStock(Exception):
    """Less is there than was asked for. `available` maps each short product's id to what is left."""

    def __init__(self, available: dict[str, int]) -> None:
        left = ", ".join(f"{count} of {product_id}" for product_id, count in available.items())
        super().__init__(f"only {left} left")
        self.available = available


def lock_products(session: Session, product_ids: list[str]) -> dict[str, Product]:
    """Lock these products until the transaction ends and return them, fresh, by id.

    Raises UnknownProduct. Ids are canonical UUID strings.
    """
    found = _lock(session, product_ids)
    missing = sorted(set(product_ids) - found.keys())
    if missing:
        raise UnknownProduct(missing)
    return found


def _lock(session: Session, product_ids: list[str]) -> dict[str, Product]:
    statement = (
        sa.select(Product)
        .where(Product.id.in_(product_ids))
        .order_by(Product.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {product.id: product for product in session.scalars(statement)}


def take_stock(session: Session, quantities: Mapping[str, int]) -> dict[str, Product]:
    """Take `quantities` ({product id: how many, at least 1}) and return the locked products by id.

    Raises UnknownProduct, or OutOfStock naming every product that falls short; nothing is taken then.
    A product whose stock is None is not counted.
    """
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("a quantity to take is at least 1")
    products = lock_products(session, list(quantities))
    short = {
        product.id: product.stock
        for product in products.values()
        if product.stock is not None and product.stock < quantities[product.id]
    }
    if short:
        raise OutOfStock(short)
    _change(session, products, {key: -quantity for key, quantity in quantities.items()})
    return products


def return_stock(session: Session, quantities: Mapping[str, int]) -> None:
    """Give `quantities` back, as for a cancelled order. A product deleted since is passed over."""
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("a quantity to give back is at least 1")
    _change(session, _lock(session, list(quantities)), quantities)


def _change(session: Session, products: Mapping[str, Product], changes: Mapping[str, int]) -> None:
    """Add to the stock of locked products, by one statement for all of them.

    The ORM would send one UPDATE for each row, since rows have a version: a basket may have a thousand.
    """
    counted = [product for product in products.values() if product.stock is not None]
    if not counted:
        return
    table = Product.__table__
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("key"))
        .values(stock=table.c.stock + sa.bindparam("change"), version=table.c.version + 1)
    )
    session.execute(statement, [{"key": one.id, "change": changes[one.id]} for one in counted])
    for product in counted:
        set_committed_value(product, "stock", product.stock + changes[product.id])
        set_committed_value(product, "version", product.version + 1)
