"""Move an order from state to state; cancelling gives its stock back."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from talatat.db.types import utcnow
from talatat.problems import Problem
from talatat_catalog import return_stock
from talatat_orders.models import Order, OrderLine
from talatat_orders.states import CANCELLED, TRANSITIONS


def move(session: Session, order: Order, verb: str) -> Order:
    """Take the way called ``verb``; raises Problem 409 ``wrong_state`` where it does not start here.

    The order's row is locked, as an item action finds it: nobody else moves it at the same time.
    """
    way = TRANSITIONS[verb]
    if order.state not in way.sources:
        starts = " or ".join(sorted(way.sources))
        raise Problem(
            409, "wrong_state", f"The order is {order.state}; :{verb} starts from {starts}."
        )
    order.state = way.target
    setattr(order, way.stamp, utcnow())
    if way.target == CANCELLED:
        _give_back(session, order)
    session.flush()
    return order


def _give_back(session: Session, order: Order) -> None:
    query = select(OrderLine.product_id, OrderLine.quantity).where(
        OrderLine.order_id == order.id, OrderLine.product_id.is_not(None)
    )
    quantities: Counter[str] = Counter()
    for product_id, quantity in session.execute(query):
        quantities[product_id] += quantity
    return_stock(session, quantities)
