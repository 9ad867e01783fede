"""The checkout, and the lines of former invoices.

Follows: https://docs.sqlalchemy.org/en/21/orm/session_basics.html
"""

from collections import Counter
from typing import Any
from uuid import UUID

from bench.peers.domain import minor_of
from bench.peers.flask_sqlalchemy.database import db
from bench.peers.flask_sqlalchemy.products import after, next_url
from bench.peers.flask_sqlalchemy.schemas import (
    checkout_schema,
    histories_schema,
    list_schema,
    order_schema,
)
from bench.peers.flask_sqlalchemy.security import needs
from bench.peers.models import Customer, HistoryLine, Order, OrderLine, Product
from flask import Blueprint, abort, g, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import load_only

blueprint = Blueprint("orders", __name__, url_prefix="/api/orders/v1")
LOCKED = (
    Product.sku,
    Product.title,
    Product.price_minor,
    Product.currency,
    Product.stock,
    Product.version,
)


@blueprint.post("/orders:checkout")
@needs("orders.checkout")
def checkout() -> Any:
    """Place an order: all lines or none."""
    body = checkout_schema.load(request.get_json())
    customer = db.session.get(Customer, body["customer_id"])
    if customer is None or not (
        customer.user_id in (None, g.user.id) or g.user.may("orders.read_all")
    ):
        abort(422, "There is no such customer")
    wanted = {line["product_id"] for line in body["lines"]}
    found = db.session.scalars(
        select(Product)
        .options(load_only(*LOCKED))
        .where(Product.id.in_(wanted))
        .order_by(Product.id)
        .with_for_update()
    )
    products = {product.id: product for product in found}
    if len(products) < len(wanted):
        abort(422, "There is no such product")
    check(body["lines"], products)
    order = Order(
        customer_id=customer.id,
        currency=products[body["lines"][0]["product_id"]].currency,
        placed_by=g.user.id,
        lines=[line_of(at, line, products) for at, line in enumerate(body["lines"])],
    )
    order.total_minor = sum(line.amount_minor for line in order.lines)
    for line in order.lines:
        product = products[line.product_id]
        if product.stock is not None:
            product.stock -= line.quantity
    db.session.add(order)
    db.session.flush()
    # Written out before the commit, which would have every row read again.
    response = jsonify(order_schema.dump(order))
    db.session.commit()
    response.status_code = 201
    response.headers["Location"] = f"/api/orders/v1/orders/{response.json['id']}"
    return response


def check(lines: list[dict[str, Any]], products: dict[UUID, Product]) -> None:
    """409 where stock or prices are not as the buyer thinks."""
    taken: Counter[UUID] = Counter()
    for line in lines:
        product = products[line["product_id"]]
        taken[product.id] += line["quantity"]
        if product.stock is not None and taken[product.id] > product.stock:
            abort(409, "There is not enough left")
        expected = line["expected_price"]
        if expected is not None and minor_of(expected["amount"]) != product.price_minor:
            abort(409, "A price has changed")
    if len({product.currency for product in products.values()}) > 1:
        abort(422, "An order has one currency")


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


@blueprint.get("/history")
@needs("orders.read_all")
def history() -> Any:
    """A page of lines, in the order of their ids."""
    asked = list_schema.load(request.args)
    query = select(HistoryLine).order_by(HistoryLine.id).limit(asked["limit"] + 1)
    edge = after(asked["cursor"], 1)
    if edge is not None:
        query = query.where(HistoryLine.id > UUID(edge[0]))
    lines = db.session.scalars(query).all()
    following = None
    if len(lines) > asked["limit"]:
        lines = lines[: asked["limit"]]
        following = next_url(str(lines[-1].id))
    return jsonify(items=histories_schema.dump(lines), next=following, prev=None)
