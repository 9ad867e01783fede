"""The checkout: price and stock are checked and taken in one transaction, for all lines or for none.

The products' rows are locked first, in the order of their ids, so that two checkouts that want the same
products wait for each other and never deadlock: on PostgreSQL by SELECT ... FOR UPDATE, on SQLite by
the immediate transaction of every writing request. A basket of any length takes the same few
statements: customer, products, stock, order, lines.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from talatat.db.types import Money
from talatat.problems import Problem
from talatat_catalog import UnknownProduct, lock_products, take_stock
from talatat_catalog.models import Product
from talatat_orders.models import Customer, Order, OrderLine
from talatat_orders.states import PLACED

#: In minor units: what the API can show, and whole in a client that counts in floats.
LARGEST_TOTAL = 10**15 - 1
#: What a checkout may be refused for, as the API's documentation words it.
PROBLEMS = {
    "out_of_stock": "There is not enough left; `errors` points to the lines.",
    "price_changed": "A price is not the one that was expected; `errors` points to the lines.",
    "unknown_product": (422, "A product does not exist."),
    "unknown_customer": (422, "The customer does not exist, or is somebody else's."),
    "mixed_currencies": (422, "The products' prices are in several currencies."),
    "too_many_lines": (422, "The basket has more lines than the setting orders.max_lines."),
    "total_too_large": (422, "The total is too large to be kept."),
}

Fault = dict[str, str]


@dataclass(frozen=True)
class Wanted:
    """One line of a basket; ``expected_price`` is what the buyer was shown, if they say."""

    product_id: str
    quantity: int
    expected_price: Money | None = None


def prepare(
    session: Session, customer: Customer, basket: Sequence[Wanted], placed_by: str | None
) -> Order:
    """Lock and check; the order as it would be placed, not yet in the session. Not for empty baskets.

    Raises Problem 422 (``unknown_product``, ``mixed_currencies``, ``total_too_large``) or 409
    (``price_changed``, ``out_of_stock``), each naming its lines by pointers.
    """
    products = _lock(session, basket)
    currency = _one_currency(basket, products)
    _refuse_conflicts(basket, products)
    lines = [_line(position, wanted, products) for position, wanted in enumerate(basket)]
    return _order(customer, currency, lines, placed_by)


def place(session: Session, order: Order) -> None:
    """Take the stock of a prepared order and write it, in the transaction that prepared it."""
    quantities: Counter[str] = Counter()
    for line in order.lines:
        quantities[str(line.product_id)] += line.quantity
    take_stock(session, quantities)
    session.add(order)
    session.flush()


def _lock(session: Session, basket: Sequence[Wanted]) -> Mapping[str, Product]:
    try:
        return lock_products(session, sorted({wanted.product_id for wanted in basket}))
    except UnknownProduct as error:
        faults = [
            _fault(f"/lines/{position}/product_id", "unknown_product", "There is no such product.")
            for position, wanted in enumerate(basket)
            if wanted.product_id in error.product_ids
        ]
        raise Problem(422, "unknown_product", "A product does not exist.", errors=faults) from error


def _one_currency(basket: Sequence[Wanted], products: Mapping[str, Product]) -> str:
    """The basket's currency: that of its first line, which all others must share."""
    currency: str = products[basket[0].product_id].currency
    faults = [
        _fault(f"/lines/{position}", "mixed_currencies", f"The basket is in {currency}.")
        for position, wanted in enumerate(basket)
        if products[wanted.product_id].currency != currency
    ]
    if faults:
        raise Problem(422, "mixed_currencies", "An order has one currency.", errors=faults)
    return currency


def _refuse_conflicts(basket: Sequence[Wanted], products: Mapping[str, Product]) -> None:
    """Both kinds of conflict are told at once; the code is that of the graver, being out of stock."""
    short = list(_shortages(basket, products))
    faults = [*short, *_price_changes(basket, products)]
    if short:
        raise Problem(409, "out_of_stock", "There is not enough left.", errors=faults)
    if faults:
        raise Problem(409, "price_changed", "A price has changed.", errors=faults)


def _shortages(basket: Sequence[Wanted], products: Mapping[str, Product]) -> Sequence[Fault]:
    """The lines at which what is left runs out; lines of one product share its stock."""
    faults = []
    left = {product.id: product.stock for product in products.values()}
    for position, wanted in enumerate(basket):
        available = left[wanted.product_id]
        if available is None:  # not counted: never runs out
            continue
        if wanted.quantity > available:
            faults.append(_fault(f"/lines/{position}", "out_of_stock", f"{available} left."))
        left[wanted.product_id] = available - min(available, wanted.quantity)
    return faults


def _price_changes(basket: Sequence[Wanted], products: Mapping[str, Product]) -> Sequence[Fault]:
    faults = []
    for position, wanted in enumerate(basket):
        price = products[wanted.product_id].price
        if wanted.expected_price is not None and wanted.expected_price != price:
            faults.append(_fault(f"/lines/{position}", "price_changed", f"It costs {price} now."))
    return faults


def _line(position: int, wanted: Wanted, products: Mapping[str, Product]) -> OrderLine:
    product = products[wanted.product_id]
    return OrderLine(
        position=position,
        product_id=product.id,
        sku=product.sku,
        title=product.title,
        quantity=wanted.quantity,
        unit_price_minor=product.price_minor,
        amount_minor=wanted.quantity * product.price_minor,
    )


def _order(
    customer: Customer, currency: str, lines: list[OrderLine], placed_by: str | None
) -> Order:
    total = sum(line.amount_minor for line in lines)
    if total > LARGEST_TOTAL:
        raise Problem(422, "total_too_large", "The order's total is too large to be kept.")
    return Order(
        customer_id=customer.id,
        state=PLACED,
        currency=currency,
        total_minor=total,
        placed_by=placed_by,
        lines=lines,
    )


def _fault(pointer: str, code: str, detail: str) -> Fault:
    return {"pointer": pointer, "code": code, "detail": detail}


def read_basket(lines: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The lines of a validated body."""
    return [
        Wanted(line["product_id"], line["quantity"], line.get("expected_price")) for line in lines
    ]
