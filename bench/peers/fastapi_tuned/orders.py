"""The checkout by statements for sets of rows, and the lines of former invoices."""

from collections import Counter
from typing import Annotated, Any
from uuid import UUID

from bench.peers.domain import cursor, four_places, minor_of, money, new_id, now
from bench.peers.fastapi_async.schemas import CheckoutIn
from bench.peers.fastapi_tuned.database import answer, engine, reading
from bench.peers.fastapi_tuned.products import after
from bench.peers.fastapi_tuned.security import CurrentUser, needs
from bench.peers.models import Customer, HistoryLine, Order, OrderLine, Product
from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import bindparam, insert, select, text

router = APIRouter(prefix="/api/orders/v1")
Buyer = Annotated[CurrentUser, needs("orders.checkout")]
CUSTOMER = select(Customer.id, Customer.user_id).where(Customer.id == bindparam("id"))
LOCK = (
    select(
        Product.id, Product.sku, Product.title, Product.price_minor, Product.currency, Product.stock
    )
    .where(Product.id.in_(bindparam("ids", expanding=True)))
    .order_by(Product.id)
    .with_for_update()
)
TAKE = text(
    "UPDATE catalog_product AS p SET stock = p.stock - t.quantity, version = p.version + 1 "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:quantities AS int[])) AS t (id, quantity) "
    "WHERE p.id = t.id AND p.stock IS NOT NULL"
)
ORDER = insert(Order.__table__)
LINES = insert(OrderLine.__table__)
HISTORY = (
    select(
        HistoryLine.id,
        HistoryLine.stock_code,
        HistoryLine.description,
        HistoryLine.quantity,
        HistoryLine.unit_price_scaled,
        HistoryLine.amount_scaled,
        HistoryLine.invoiced_at,
        HistoryLine.duplicate,
    )
    .order_by(HistoryLine.id)
    .limit(bindparam("most"))
)
HISTORY_AFTER = HISTORY.where(HistoryLine.id > bindparam("id"))


@router.post("/orders:checkout", status_code=201)
async def checkout(body: CheckoutIn, user: Buyer) -> Response:
    """Place an order: all lines or none."""
    wanted = {line.product_id for line in body.lines}
    async with engine.begin() as connection:
        customer = (await connection.execute(CUSTOMER, {"id": body.customer_id})).one_or_none()
        if customer is None or not (
            customer.user_id in (None, user.id) or user.may("orders.read_all")
        ):
            raise HTTPException(422, "There is no such customer")
        found = await connection.execute(LOCK, {"ids": list(wanted)})
        products = {row.id: row for row in found}
        if len(products) < len(wanted):
            raise HTTPException(422, "There is no such product")
        taken = check(body, products)
        await connection.execute(TAKE, {"ids": list(taken), "quantities": list(taken.values())})
        order, lines = made(body, user, products)
        await connection.execute(ORDER, order)
        await connection.execute(LINES, lines)
    location = f"/api/orders/v1/orders/{order['id']}"
    return answer(shown(order, lines), 201, Location=location)


def check(body: CheckoutIn, products: dict[UUID, Any]) -> dict[UUID, int]:
    """What is taken of each product; 409 where stock or prices are not as the buyer thinks."""
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
    return taken


def made(
    body: CheckoutIn, user: CurrentUser, products: dict[UUID, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The rows of an order and of its lines."""
    order_id, moment = UUID(new_id()), now()
    lines = [
        {
            "order_id": order_id,
            "position": at,
            "product_id": line.product_id,
            "sku": products[line.product_id].sku,
            "title": products[line.product_id].title,
            "quantity": line.quantity,
            "unit_price_minor": products[line.product_id].price_minor,
            "amount_minor": line.quantity * products[line.product_id].price_minor,
        }
        for at, line in enumerate(body.lines)
    ]
    order = {
        "id": order_id,
        "version": 1,
        "customer_id": body.customer_id,
        "state": "placed",
        "currency": products[body.lines[0].product_id].currency,
        "total_minor": sum(line["amount_minor"] for line in lines),
        "placed_by": user.id,
        "created_at": moment,
        "updated_at": moment,
    }
    return order, lines


def shown(order: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """An order as the API shows it."""
    currency = order["currency"]
    return {
        "id": order["id"],
        "customer_id": order["customer_id"],
        "state": order["state"],
        "lines": [
            {
                "product_id": line["product_id"],
                "sku": line["sku"],
                "title": line["title"],
                "quantity": line["quantity"],
                "unit_price": money(line["unit_price_minor"], currency),
                "amount": money(line["amount_minor"], currency),
            }
            for line in lines
        ],
        "total": money(order["total_minor"], currency),
        "paid_at": None,
        "shipped_at": None,
        "cancelled_at": None,
        "created_at": order["created_at"],
    }


@router.get("/history", dependencies=[needs("orders.read_all")])
async def history(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    edge_text: Annotated[str | None, Query(alias="cursor")] = None,
) -> Response:
    """A page of lines, in the order of their ids."""
    edge = after(edge_text, 1)
    asked: dict[str, Any] = {"most": limit + 1}
    statement = HISTORY
    if edge is not None:
        statement, asked = HISTORY_AFTER, {**asked, "id": UUID(edge[0])}
    async with reading.connect() as connection:
        rows = (await connection.execute(statement, asked)).all()
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = str(request.url.include_query_params(cursor=cursor(str(rows[-1].id))))
    return answer({"items": [line_shown(row) for row in rows], "next": following, "prev": None})


def line_shown(row: Any) -> dict[str, Any]:
    """A line of a former invoice as the API shows it."""
    return {
        "id": row.id,
        "stock_code": row.stock_code,
        "description": row.description,
        "quantity": row.quantity,
        "unit_price": four_places(row.unit_price),
        "amount": four_places(row.amount),
        "invoiced_at": row.invoiced_at,
        "duplicate": row.duplicate,
    }
