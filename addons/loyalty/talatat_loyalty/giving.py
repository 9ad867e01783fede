"""Give points for a placed order, take them back for a cancelled one; each event counts once.

Both functions run after the order's transaction was committed, in a transaction of their own, at least
once for each event. The entry under the event's key makes "at least once" into "once": whoever comes
second finds it, and two at the same time are stopped by the primary key. Both look at the order under the
lock of its customer: one that is cancelled while its points are given keeps none, whoever comes first.
"""

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from talatat.db.types import decimals_of
from talatat_loyalty.models import Account, CustomerPoints, Entry, ProductPoints
from talatat_orders import OrderCancelled, OrderPlaced
from talatat_orders.models import Customer, Order, OrderLine


def give_points(event: OrderPlaced) -> None:
    """OrderPlaced: points for the total, and those of each product. None if cancelled since."""
    db = event.request.db
    order = _held(db, event.order_id)
    if order is not None and order.state != "cancelled":
        rate = event.request.registry.system.settings["loyalty"].points_per_unit
        _book(db, event.key, order, points_for(db, order, rate))


def take_back_points(event: OrderCancelled) -> None:
    """OrderCancelled: what the order has given so far."""
    db = event.request.db
    order = _held(db, event.order_id)
    if order is not None:
        given = select(func.sum(Entry.points)).where(Entry.order_id == order.id)
        _book(db, event.key, order, -int(db.scalar(given) or 0))


def points_for(db: Session, order: Order, rate: int) -> int:
    """How many points an order earns."""
    units = order.total_minor // 10 ** decimals_of(order.currency)
    # A million pieces at a million points each are more than an integer of PostgreSQL.
    extra = (
        select(func.sum(cast(OrderLine.quantity, BigInteger) * ProductPoints.points))
        .select_from(OrderLine)
        .join(ProductPoints, ProductPoints.product_id == OrderLine.product_id)
        .where(OrderLine.order_id == order.id)
    )
    return units * rate + int(db.scalar(extra) or 0)


def _held(db: Session, order_id: str) -> Order | None:
    """The order, read under the lock of its customer's row, under which points change; orders are placed meanwhile."""
    buyer = select(Customer).join(Order, Order.customer_id == Customer.id)
    buyer = buyer.where(Order.id == order_id).with_for_update(key_share=True, of=Customer)
    if db.scalar(buyer) is None:
        return None
    return db.get(Order, order_id, populate_existing=True)


def _book(db: Session, key: str, order: Order, points: int) -> None:
    customer = db.get_one(Customer, order.customer_id)
    if points and db.get(Entry, key) is None:
        db.add(Entry(event_key=key, order_id=order.id, points=points))
        CustomerPoints.ensure(customer).points += points
        account_of(db, customer).points += points


def account_of(db: Session, customer: Customer) -> Account:
    """The customer's account, made now if this is their first point."""
    account = db.scalar(select(Account).where(Account.customer_id == customer.id))
    if account is None:
        account = Account(customer_id=customer.id, points=0)
        db.add(account)
    return account
