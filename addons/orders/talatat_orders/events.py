"""What other addons hear of an order.

Subscribers added with ``config.add_subscriber`` run inside the transaction that places the order; those
added with ``config.add_subscriber_after_commit`` run once it is committed, at least once.
"""

from dataclasses import dataclass

from talatat.events import Event


@dataclass
class OrderPlaced(Event):
    """A checkout went through: stock is taken, the order stands. ``total_minor`` is in minor units."""

    order_id: str
    customer_id: str
    total_minor: int
    currency: str


@dataclass
class OrderCancelled(Event):
    """An order was cancelled and its stock returned."""

    order_id: str
    customer_id: str
    total_minor: int
    currency: str
