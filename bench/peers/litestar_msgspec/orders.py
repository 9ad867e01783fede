"""The checkout, and the lines of former invoices.

Follows: https://docs.litestar.dev/2/usage/requests.html and
https://docs.sqlalchemy.org/en/21/orm/session_basics.html
"""

from collections import Counter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bench.peers.domain import cursor, minor_of
from bench.peers.litestar_msgspec.products import Cursor, Limit, after
from bench.peers.litestar_msgspec.schemas import (
    CheckoutIn,
    HistoryOut,
    HistoryPage,
    LineOut,
    OrderOut,
    WantedLine,
)
from bench.peers.litestar_msgspec.security import CurrentUser
from bench.peers.models import Customer, HistoryLine, Order, OrderLine, Product
from litestar import Controller, Request, Response, get, post
from litestar.exceptions import HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

LOCKED = (
    Product.sku,
    Product.title,
    Product.price_minor,
    Product.currency,
    Product.stock,
    Product.version,
)


class OrderController(Controller):
    path = "/api/orders/v1"

    @post("/orders:checkout")
    async def checkout(
        self, user: CurrentUser, data: CheckoutIn, session: AsyncSession
    ) -> Response[OrderOut]:
        """Place an order: all lines or none."""
        user.check("orders.checkout")
        customer = await session.get(Customer, data.customer_id)
        if customer is None or not (
            customer.user_id in (None, user.id) or user.may("orders.read_all")
        ):
            raise HTTPException("There is no such customer", status_code=422)
        wanted = {line.product_id for line in data.lines}
        found = await session.scalars(
            select(Product)
            .options(load_only(*LOCKED))
            .where(Product.id.in_(wanted))
            .order_by(Product.id)
            .with_for_update()
        )
        products = {product.id: product for product in found}
        if len(products) < len(wanted):
            raise HTTPException("There is no such product", status_code=422)
        check(data, products)
        order = Order(
            customer_id=customer.id,
            currency=products[data.lines[0].product_id].currency,
            placed_by=user.id,
            lines=[line_of(at, line, products) for at, line in enumerate(data.lines)],
        )
        order.total_minor = sum(line.amount_minor for line in order.lines)
        for line in data.lines:
            product = products[line.product_id]
            if product.stock is not None:
                product.stock -= line.quantity
        session.add(order)
        await session.commit()
        return Response(shown(order), headers={"Location": f"/api/orders/v1/orders/{order.id}"})

    @get("/history")
    async def history(
        self,
        request: Request[Any, Any, Any],
        user: CurrentUser,
        session: AsyncSession,
        limit: Limit = 50,
        edge_text: Cursor = None,
    ) -> HistoryPage:
        """A page of lines, in the order of their ids."""
        user.check("orders.read_all")
        query = select(HistoryLine).order_by(HistoryLine.id).limit(limit + 1)
        edge = after(edge_text, 1)
        if edge is not None:
            query = query.where(HistoryLine.id > UUID(edge[0]))
        lines = (await session.scalars(query)).all()
        following = None
        if len(lines) > limit:
            lines = lines[:limit]
            asked = {**request.query_params, "cursor": cursor(str(lines[-1].id))}
            following = f"{request.url.path}?{urlencode(asked)}"
        return HistoryPage([line_shown(line) for line in lines], following)


def check(basket: CheckoutIn, products: dict[UUID, Product]) -> None:
    """409 where stock or prices are not as the buyer thinks."""
    taken: Counter[UUID] = Counter()
    for line in basket.lines:
        product = products[line.product_id]
        taken[product.id] += line.quantity
        if product.stock is not None and taken[product.id] > product.stock:
            raise HTTPException("There is not enough left", status_code=409)
        expected = line.expected_price
        if expected is not None and minor_of(expected.amount) != product.price_minor:
            raise HTTPException("A price has changed", status_code=409)
    if len({product.currency for product in products.values()}) > 1:
        raise HTTPException("An order has one currency", status_code=422)


def line_of(position: int, line: WantedLine, products: dict[UUID, Product]) -> OrderLine:
    """A line of the order."""
    product = products[line.product_id]
    return OrderLine(
        position=position,
        product_id=product.id,
        sku=product.sku,
        title=product.title,
        quantity=line.quantity,
        unit_price_minor=product.price_minor,
        amount_minor=line.quantity * product.price_minor,
    )


def shown(order: Order) -> OrderOut:
    """An order as the API shows it."""
    return OrderOut(
        id=order.id,
        customer_id=order.customer_id,
        state=order.state,
        lines=[
            LineOut(
                line.product_id, line.sku, line.title, line.quantity, line.unit_price, line.amount
            )
            for line in order.lines
        ],
        total=order.total,
        paid_at=order.paid_at,
        shipped_at=order.shipped_at,
        cancelled_at=order.cancelled_at,
        created_at=order.created_at,
    )


def line_shown(line: HistoryLine) -> HistoryOut:
    """A line of a former invoice as the API shows it."""
    return HistoryOut(
        id=line.id,
        stock_code=line.stock_code,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.amount,
        invoiced_at=line.invoiced_at,
        duplicate=line.duplicate,
    )
