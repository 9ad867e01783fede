"""The checkout, and the lines of former invoices.

Follows: https://docs.sqlalchemy.org/en/21/orm/session_basics.html (unit of work, with_for_update) and
https://fastapi.tiangolo.com/tutorial/handling-errors/
"""

from collections import Counter
from typing import Annotated, Any
from uuid import UUID

from bench.peers.domain import cursor, minor_of
from bench.peers.fastapi_async.database import SessionDep
from bench.peers.fastapi_async.products import after
from bench.peers.fastapi_async.schemas import CheckoutIn, HistoryPage, OrderOut
from bench.peers.fastapi_async.security import CurrentUser, needs
from bench.peers.models import Customer, HistoryLine, Order, OrderLine, Product
from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import load_only

router = APIRouter(prefix="/api/orders/v1")
Buyer = Annotated[CurrentUser, needs("orders.checkout")]


@router.post("/orders:checkout", status_code=201, response_model=OrderOut)
async def checkout(body: CheckoutIn, user: Buyer, session: SessionDep, response: Response) -> Any:
    """Place an order: all lines or none."""
    customer = await session.get(Customer, body.customer_id)
    if customer is None or not (customer.user_id in (None, user.id) or user.may("orders.read_all")):
        raise HTTPException(422, "There is no such customer")
    wanted = {line.product_id for line in body.lines}
    found = await session.scalars(
        select(Product)
        .options(
            load_only(
                Product.sku,
                Product.title,
                Product.price_minor,
                Product.currency,
                Product.stock,
                Product.version,
            )
        )
        .where(Product.id.in_(wanted))
        .order_by(Product.id)
        .with_for_update()
    )
    products = {product.id: product for product in found}
    if len(products) < len(wanted):
        raise HTTPException(422, "There is no such product")
    check(body, products)
    order = Order(
        customer_id=customer.id,
        currency=products[body.lines[0].product_id].currency,
        placed_by=user.id,
        lines=[line_of(at, line, products) for at, line in enumerate(body.lines)],
    )
    order.total_minor = sum(line.amount_minor for line in order.lines)
    for line in body.lines:
        product = products[line.product_id]
        if product.stock is not None:
            product.stock -= line.quantity
    session.add(order)
    await session.commit()
    response.headers["Location"] = f"/api/orders/v1/orders/{order.id}"
    return order


def check(body: CheckoutIn, products: dict[UUID, Product]) -> None:
    """409 where stock or prices are not as the buyer thinks."""
    taken: Counter[UUID] = Counter()
    for line in body.lines:
        product = products[line.product_id]
        taken[product.id] += line.quantity
        if product.stock is not None and taken[product.id] > product.stock:
            raise HTTPException(409, "There is not enough left")
        expected = line.expected_price
        if expected is not None and minor_of(expected.amount) != product.price_minor:
            raise HTTPException(409, "A price has changed")
    if len({product.currency for product in products.values()}) > 1:
        raise HTTPException(422, "An order has one currency")


def line_of(position: int, line: Any, products: dict[UUID, Product]) -> OrderLine:
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


@router.get("/history", response_model=HistoryPage, dependencies=[needs("orders.read_all")])
async def history(
    request: Request,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    text: Annotated[str | None, Query(alias="cursor")] = None,
) -> Any:
    """A page of lines, in the order of their ids."""
    query = select(HistoryLine).order_by(HistoryLine.id).limit(limit + 1)
    edge = after(text, 1)
    if edge is not None:
        query = query.where(HistoryLine.id > UUID(edge[0]))
    lines = (await session.scalars(query)).all()
    following = None
    if len(lines) > limit:
        lines = lines[:limit]
        following = str(request.url.include_query_params(cursor=cursor(str(lines[-1].id))))
    return {"items": lines, "next": following, "prev": None}
