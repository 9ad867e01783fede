"""Taking stock and giving it back, without ever selling the last one twice.

Rows are locked in the order of their ids, so that two checkouts of the same products wait for each
other and never deadlock. On SQLite the write transaction itself is the lock (BEGIN IMMEDIATE). Nothing
is taken unless all is there; the caller's transaction decides whether it stays taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from talatat.db import Change, Money, Prepared, among, work_of
from talatat_catalog.models import Product


class LockedProduct(NamedTuple):
    """What a sale has to know of a product, as it is while its row is locked."""

    id: str
    sku: str
    title: str
    price_minor: int
    currency: str
    stock: int | None

    @property
    def price(self) -> Money:
        """The price as money."""
        return Money.from_minor(self.price_minor, self.currency)


Locked = Mapping[str, LockedProduct]
"""By id."""

_LOCK = Prepared(
    sa.select(*(getattr(Product, name) for name in LockedProduct._fields))
    .where(among(Product.id, "ids"))
    .order_by(Product.id)
    .with_for_update()
)
_MOVE = Change(Product, stock=Product.stock + sa.bindparam("change", type_=sa.Integer()))


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


def lock_products(where: Any, product_ids: Collection[str]) -> dict[str, LockedProduct]:
    """Lock these products until the transaction ends and return them, fresh, by id.

    `where` is a request or a session. Raises UnknownProduct. Ids are canonical UUID strings.
    """
    found = _lock(where, product_ids)
    if len(found) < len(product_ids):
        missing = sorted(set(product_ids) - found.keys())
        if missing:
            raise UnknownProduct(missing)
    return found


def _lock(where: Any, product_ids: Collection[str]) -> dict[str, LockedProduct]:
    rows = work_of(where).rows(_LOCK, {"ids": product_ids})
    return {row[0]: LockedProduct(*row) for row in rows}


def take_stock(
    where: Any, quantities: Mapping[str, int], locked: Locked | None = None
) -> dict[str, LockedProduct]:
    """Take `quantities` ({product id: how many, at least 1}) and return the locked products by id.

    `where` is a request or a session. `locked` is what `lock_products` has given, where this transaction has
    taken nothing since. Raises UnknownProduct, or OutOfStock naming every product that falls short; nothing is
    taken then. A product whose stock is None is not counted.
    """
    _check(quantities, "take")
    products = locked or lock_products(where, quantities)
    _refuse_short(products, quantities)
    changes = {key: -quantity for key, quantity in quantities.items()}
    _move(where, products, changes)
    return {key: _moved(products[key], change) for key, change in changes.items()}


def return_stock(where: Any, quantities: Mapping[str, int]) -> None:
    """Give `quantities` back, as for a cancelled order. A product deleted since is passed over."""
    _check(quantities, "give back")
    _move(where, _lock(where, quantities), quantities)


def _move(where: Any, products: Locked, changes: Mapping[str, int]) -> None:
    """Add to the stock of locked products, by one statement for all of them."""
    counted = {
        key: {"change": change}
        for key, change in changes.items()
        if key in products and products[key].stock is not None
    }
    work_of(where).change(_MOVE, counted)


def _check(quantities: Mapping[str, int], what: str) -> None:
    if quantities and min(quantities.values()) < 1:
        raise ValueError(f"a quantity to {what} is at least 1")


def _refuse_short(products: Locked, quantities: Mapping[str, int]) -> None:
    short = {
        key: left
        for key, quantity in quantities.items()
        if (left := products[key].stock) is not None and left < quantity
    }
    if short:
        raise OutOfStock(short)


def _moved(product: LockedProduct, change: int) -> LockedProduct:
    if product.stock is None:
        return product
    return product._replace(stock=product.stock + change)
