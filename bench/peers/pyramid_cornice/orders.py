"""The checkout, and the lines of former invoices.

Follows: https://cornice.readthedocs.io/en/latest/services.html and
https://docs.sqlalchemy.org/en/21/orm/session_basics.html
"""

from collections import Counter
from typing import Any
from uuid import UUID

from bench.peers.domain import minor_of
from bench.peers.models import Customer, HistoryLine, Order, OrderLine, Product
from bench.peers.pyramid_cornice.products import after, next_url
from bench.peers.pyramid_cornice.schemas import CheckoutSchema, ListSchema
from cornice import Service
from cornice.validators import colander_body_validator, colander_querystring_validator
from pyramid.httpexceptions import HTTPConflict, HTTPUnprocessableEntity
from sqlalchemy import select
from sqlalchemy.orm import load_only

# A bare ":checkout" would be an old-style placeholder.
checkouts = Service(name="checkout", path="/api/orders/v1/{action:orders:checkout}")
history = Service(name="history", path="/api/orders/v1/history")
LOCKED = (
    Product.sku,
    Product.title,
    Product.price_minor,
    Product.currency,
    Product.stock,
    Product.version,
)


@checkouts.post(
    schema=CheckoutSchema(), validators=(colander_body_validator,), permission="orders.checkout"
)
def checkout(request: Any) -> dict[str, Any]:
    """Place an order: all lines or none."""
    body, me = request.validated, request.identity.id
    customer = request.dbsession.get(Customer, body["customer_id"])
    if customer is None or not (
        customer.user_id in (None, me) or request.has_permission("orders.read_all")
    ):
        raise HTTPUnprocessableEntity("There is no such customer")
    wanted = {line["product_id"] for line in body["lines"]}
    found = request.dbsession.scalars(
        select(Product)
        .options(load_only(*LOCKED))
        .where(Product.id.in_(wanted))
        .order_by(Product.id)
        .with_for_update()
    )
    products = {product.id: product for product in found}
    if len(products) < len(wanted):
        raise HTTPUnprocessableEntity("There is no such product")
    check(body["lines"], products)
    order = Order(
        customer_id=customer.id,
        currency=products[body["lines"][0]["product_id"]].currency,
        placed_by=me,
        lines=[line_of(at, line, products) for at, line in enumerate(body["lines"])],
    )
    order.total_minor = sum(line.amount_minor for line in order.lines)
    for line in order.lines:
        product = products[line.product_id]
        if product.stock is not None:
            product.stock -= line.quantity
    request.dbsession.add(order)
    request.dbsession.flush()
    request.response.status_int = 201
    request.response.location = f"/api/orders/v1/orders/{order.id}"
    return shown(order)


def check(lines: list[dict[str, Any]], products: dict[UUID, Product]) -> None:
    """409 where stock or prices are not as the buyer thinks."""
    taken: Counter[UUID] = Counter()
    for line in lines:
        product = products[line["product_id"]]
        taken[product.id] += line["quantity"]
        if product.stock is not None and taken[product.id] > product.stock:
            raise HTTPConflict("There is not enough left")
        expected = line["expected_price"]
        if expected is not None and minor_of(expected["amount"]) != product.price_minor:
            raise HTTPConflict("A price has changed")
    if len({product.currency for product in products.values()}) > 1:
        raise HTTPUnprocessableEntity("An order has one currency")


def line_of(position: int, line: dict[str, Any], products: dict[UUID, Product]) -> OrderLine:
    """A line of the order."""
    product = products[line["product_id"]]
    return OrderLine(
        position=position,
        product_id=product.id,
        sku=product.sku,
        title=product.title,
        quantity=line["quantity"],
        unit_price_minor=product.price_minor,
        amount_minor=line["quantity"] * product.price_minor,
    )


def shown(order: Order) -> dict[str, Any]:
    """An order as the API shows it."""
    return {
        "id": order.id,
        "customer_id": order.customer_id,
        "state": order.state,
        "lines": [
            {
                "product_id": line.product_id,
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "amount": line.amount,
            }
            for line in order.lines
        ],
        "total": order.total,
        "paid_at": order.paid_at,
        "shipped_at": order.shipped_at,
        "cancelled_at": order.cancelled_at,
        "created_at": order.created_at,
    }


@history.get(
    schema=ListSchema(), validators=(colander_querystring_validator,), permission="orders.read_all"
)
def lines_of_history(request: Any) -> dict[str, Any]:
    """A page of lines, in the order of their ids."""
    asked = request.validated
    query = select(HistoryLine).order_by(HistoryLine.id).limit(asked["limit"] + 1)
    edge = after(asked["cursor"], 1)
    if edge is not None:
        query = query.where(HistoryLine.id > UUID(edge[0]))
    lines = request.dbsession.scalars(query).all()
    following = None
    if len(lines) > asked["limit"]:
        lines = lines[: asked["limit"]]
        following = next_url(request, str(lines[-1].id))
    return {"items": [line_shown(line) for line in lines], "next": following, "prev": None}


def line_shown(line: HistoryLine) -> dict[str, Any]:
    """A line of a former invoice as the API shows it."""
    return {
        "id": line.id,
        "stock_code": line.stock_code,
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "amount": line.amount,
        "invoiced_at": line.invoiced_at,
        "duplicate": line.duplicate,
    }
