"""What the API offers: customers, orders with their checkout and transitions, invoices, history."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from talatat.db import Prepared, work_of
from talatat.events import emit
from talatat.problems import Problem
from talatat.resources import Resource, collection_action, item_action
from talatat_orders.checkout import PROBLEMS as CHECKOUT_PROBLEMS
from talatat_orders.checkout import place, prepare, read_basket
from talatat_orders.events import OrderCancelled, OrderPlaced
from talatat_orders.models import Customer, HistoryInvoice, HistoryLine, Order
from talatat_orders.schemas import (
    CheckoutSchema,
    CustomerSchema,
    HistoryLineSchema,
    InvoiceSchema,
    OrderSchema,
)
from talatat_orders.security import identity_id, own_customer, own_order, sees_all
from talatat_orders.transitions import move

READING = ("list", "get")
_OWNER = Prepared(sa.select(Customer.user_id).where(Customer.id == sa.bindparam("id")))
MOVE_PROBLEMS = {"wrong_state": "The order is not in a state from which this can be done."}


class Customers(Resource):
    """Those who buy. A customer that somebody without ``orders.read_all`` makes is their own."""

    name = "customers"
    model = Customer
    schema = CustomerSchema
    permissions = {"read": "orders.read", "create": "orders.checkout", "write": "orders.write"}
    filters = ("name", "email", "country", "user_id", "source_id")
    sorts = ("name", "created_at")

    def scope(self, request: Any, query: Any) -> Any:
        return query if sees_all(request) else query.where(own_customer(request))

    def apply(self, request: Any, row: Any, changes: Mapping[str, Any]) -> None:
        super().apply(request, row, changes)
        if row.user_id is None and not sees_all(request):
            row.user_id = identity_id(request)


class Orders(Resource):
    """What was ordered. An order is made by ``:checkout`` and goes on by ``:pay``, ``:ship``, ``:cancel``."""

    name = "orders"
    model = Order
    schema = OrderSchema
    permissions = {"read": "orders.read", "write": "orders.write"}
    operations = READING
    filters = ("customer_id", "state", "created_at")
    sorts = ("created_at",)

    def scope(self, request: Any, query: Any) -> Any:
        return query if sees_all(request) else query.where(own_order(request))

    def load_options(self, request: Any) -> Any:
        return (selectinload(Order.lines),)

    @collection_action(
        "checkout",
        permission="orders.checkout",
        body=CheckoutSchema,
        status=201,
        problems=CHECKOUT_PROBLEMS,
    )
    def checkout(self, request: Any, body: dict[str, Any]) -> Order:
        """Place an order: all lines or none, with price and stock checked and taken at once."""
        customer_id = body["customer_id"]
        _refuse_unknown(request, customer_id)
        basket = read_basket(body["lines"])
        _refuse_too_many(request, len(basket))
        # An order is created here: hooks on creating orders.orders see it before its stock is taken.
        hooks = self.system.resources["orders.orders"].hooks
        order, products = prepare(request, customer_id, basket, identity_id(request))
        called = hooks.run("before_create", request, order, body)
        place(request, order, None if called else products)
        hooks.run("after_create", request, order, body)
        emit(request, OrderPlaced(order.id, customer_id, order.total_minor, order.currency))
        return order

    @item_action("pay", permission="orders.write", problems=MOVE_PROBLEMS)
    def pay(self, request: Any, order: Order) -> Order:
        """Note that the order is paid."""
        return move(request.db, order, "pay")

    @item_action("ship", permission="orders.write", problems=MOVE_PROBLEMS)
    def ship(self, request: Any, order: Order) -> Order:
        """Note that a paid order has left the house."""
        return move(request.db, order, "ship")

    @item_action("cancel", permission="orders.write", problems=MOVE_PROBLEMS)
    def cancel(self, request: Any, order: Order) -> Order:
        """Cancel an order that has not left the house, and return its stock."""
        move(request.db, order, "cancel")
        emit(
            request, OrderCancelled(order.id, order.customer_id, order.total_minor, order.currency)
        )
        return order


class Invoices(Resource):
    """The heads of imported invoices; read only."""

    name = "invoices"
    model = HistoryInvoice
    schema = InvoiceSchema
    permissions = {"read": "orders.read_all"}
    operations = READING
    filters = ("invoice_no", "kind", "customer_id", "country", "invoiced_at")
    sorts = ("invoiced_at", "invoice_no")


class History(Resource):
    """The lines of imported invoices; read only."""

    name = "history"
    model = HistoryLine
    schema = HistoryLineSchema
    permissions = {"read": "orders.read_all"}
    operations = READING
    filters = ("invoice_id", "stock_code", "product_id", "goods", "duplicate")
    sorts = ("invoiced_at", "source_line")


def _refuse_unknown(request: Any, customer_id: str) -> None:
    """A buyer is any customer that nobody has to themselves, or one that this request may see."""
    found = work_of(request).row(_OWNER, {"id": customer_id})
    if found is not None and (found[0] in (None, identity_id(request)) or sees_all(request)):
        return
    fault = {
        "pointer": "/customer_id",
        "code": "unknown_customer",
        "detail": "There is no such customer.",
    }
    raise Problem(422, "unknown_customer", "The customer does not exist.", errors=[fault])


def _refuse_too_many(request: Any, count: int) -> None:
    limit = request.registry.system.settings["orders"].max_lines
    if count > limit:
        fault = {"pointer": "/lines", "code": "too_many_lines", "detail": f"At most {limit}."}
        raise Problem(422, "too_many_lines", f"{count} lines are too many.", errors=[fault])
