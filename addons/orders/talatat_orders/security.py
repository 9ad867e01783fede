"""Who may do what with orders, and whose rows a request sees.

An identity without ``orders.read_all`` sees its own: the customers that are linked to it, their orders,
and the orders that it placed itself; a customer that it makes is linked to it. The role
``orders.buyer`` is for those who shop, ``orders.clerk`` for those who serve them.
"""

from typing import Any

from sqlalchemy import ColumnElement, false, or_, select

from talatat_orders.models import Customer, Order

BUYER = ("orders.read", "orders.checkout")
CLERK = (*BUYER, "orders.read_all", "orders.write")


def includeme(config: Any) -> None:
    config.add_permission("orders.read", "Read one's own customers and orders")
    config.add_permission("orders.read_all", "Read everybody's customers, orders and invoices")
    config.add_permission("orders.checkout", "Become a customer and check out baskets")
    config.add_permission("orders.write", "Keep customers; pay, ship and cancel orders")
    config.add_role("orders.buyer", BUYER)
    config.add_role("orders.clerk", CLERK)


def sees_all(request: Any) -> bool:
    """Whether no row is hidden from this request."""
    return bool(request.has_permission("orders.read_all"))


def identity_id(request: Any) -> str | None:
    """Who asks, if anybody."""
    identity = request.identity
    return None if identity is None else identity.id


def own_customer(request: Any) -> ColumnElement[bool]:
    """The condition on customers for a request that does not see all."""
    me = identity_id(request)
    return Customer.user_id == me if me is not None else false()


def own_order(request: Any) -> ColumnElement[bool]:
    """The condition on orders for a request that does not see all."""
    mine = select(Customer.id).where(own_customer(request))
    return or_(Order.customer_id.in_(mine), Order.placed_by == identity_id(request))
