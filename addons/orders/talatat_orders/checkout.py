"""The checkout: price and stock are checked and taken in one transaction, for all lines or for none.

The products' rows are locked first, in the order of their ids, so that two checkouts that want the same
products wait for each other and never deadlock: on PostgreSQL by SELECT ... FOR UPDATE, on SQLite by
the immediate transaction of every writing request. A basket takes a few statements, one more of the last
ones for each 32 lines: customer, products, order, stock, lines.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from talatat.db import Money, new, work_of
from talatat.problems import Problem
from talatat_catalog import LockedProduct, OutOfStock, UnknownProduct, lock_products, take_stock
from talatat_orders.models import Order, OrderLine
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


class Wanted(NamedTuple):
    """One line of a basket; ``expected_price`` is what the buyer was shown, if they say."""

    product_id: str
    quantity: int
    expected_price: Money | None = None


Products = Mapping[str, LockedProduct]


def prepare(
    request: Any, customer_id: str, basket: Sequence[Wanted], placed_by: str | None
) -> tuple[Order, Products]:
    """Lock and check; the order as it would be placed, not yet written, and the locked products.

    Not for empty baskets. Raises Problem 422 (``unknown_product``, ``mixed_currencies``,
    ``total_too_large``) or 409 (``price_changed``, ``out_of_stock``), each naming its lines by pointers.
    """
    products = _lock(request, basket)
    currency = _one_currency(basket, products)
    _refuse_conflicts(basket, products)
    lines = [_line(position, wanted, products) for position, wanted in enumerate(basket)]
    return _order(customer_id, currency, lines, placed_by), products


def place(request: Any, order: Order, products: Products | None) -> None:
    """Take the stock of a prepared order and write it, in the transaction that prepared it.

    `products` are those that `prepare` has locked; None where a hook may have taken some since. Raises
    Problem 409 ``out_of_stock`` where it has.
    """
    quantities: dict[str, int] = {}
    for line in order.lines:
        key = line.product_id
        quantities[key] = quantities.get(key, 0) + line.quantity
    try:
        take_stock(request, quantities, products)
    except OutOfStock as error:
        faults = [
            _fault(f"/lines/{line.position}", "out_of_stock", f"{left} left.")
            for line in order.lines
            if (left := error.available.get(line.product_id)) is not None
        ]
        raise Problem(409, "out_of_stock", "There is not enough left.", errors=faults) from error
    work_of(request).insert(order)


def _lock(request: Any, basket: Sequence[Wanted]) -> Products:
    try:
        return lock_products(request, {wanted.product_id for wanted in basket})
    except UnknownProduct as error:
        faults = [
            _fault(f"/lines/{position}/product_id", "unknown_product", "There is no such product.")
            for position, wanted in enumerate(basket)
            if wanted.product_id in error.product_ids
        ]
        raise Problem(422, "unknown_product", "A product does not exist.", errors=faults) from error


def _one_currency(basket: Sequence[Wanted], products: Products) -> str:
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


def _refuse_conflicts(basket: Sequence[Wanted], products: Products) -> None:
    """Both kinds of conflict are told at once; the code is that of the graver, being out of stock."""
    short = list(_shortages(basket, products))
    faults = [*short, *_price_changes(basket, products)]
    if short:
        raise Problem(409, "out_of_stock", "There is not enough left.", errors=faults)
    if faults:
        raise Problem(409, "price_changed", "A price has changed.", errors=faults)


def _shortages(basket: Sequence[Wanted], products: Products) -> Sequence[Fault]:
    """The lines at which what is left runs out; lines of one product share its stock."""
    faults = []
    left = {key: product.stock for key, product in products.items()}
    for position, wanted in enumerate(basket):
        available = left[wanted.product_id]
        if available is None:  # not counted: never runs out
            continue
        if wanted.quantity > available:
            faults.append(_fault(f"/lines/{position}", "out_of_stock", f"{available} left."))
        left[wanted.product_id] = available - min(available, wanted.quantity)
    return faults


def _price_changes(basket: Sequence[Wanted], products: Products) -> Sequence[Fault]:
    faults = []
    for position, wanted in enumerate(basket):
        if wanted.expected_price is None:
            continue
        price = products[wanted.product_id].price
        if wanted.expected_price != price:
            faults.append(_fault(f"/lines/{position}", "price_changed", f"It costs {price} now."))
    return faults


def _line(position: int, wanted: Wanted, products: Products) -> OrderLine:
    product = products[wanted.product_id]
    line: OrderLine = new(
        OrderLine,
        position=position,
        product_id=product.id,
        sku=product.sku,
        title=product.title,
        quantity=wanted.quantity,
        unit_price_minor=product.price_minor,
        amount_minor=wanted.quantity * product.price_minor,
    )
    return line


def _order(customer_id: str, currency: str, lines: list[OrderLine], placed_by: str | None) -> Order:
    total = sum(line.amount_minor for line in lines)
    if total > LARGEST_TOTAL:
        raise Problem(422, "total_too_large", "The order's total is too large to be kept.")
    order: Order = new(
        Order,
        customer_id=customer_id,
        state=PLACED,
        currency=currency,
        total_minor=total,
        placed_by=placed_by,
        lines=lines,
    )
    return order


def _fault(pointer: str, code: str, detail: str) -> Fault:
    return {"pointer": pointer, "code": code, "detail": detail}


def read_basket(lines: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The lines of a validated body."""
    return [
        Wanted(line["product_id"], line["quantity"], line.get("expected_price")) for line in lines
    ]
