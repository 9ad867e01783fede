"""Products: search, get one, change one, as rows of columns."""

from typing import Annotated, Any
from uuid import UUID

from bench.peers.domain import cursor, money, now, read_cursor
from bench.peers.fastapi_tuned.database import answer, engine, reading
from bench.peers.fastapi_tuned.security import needs
from bench.peers.models import SHOWN, Product
from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import bindparam, func, select, tuple_, update

router = APIRouter(prefix="/api/catalog/v1/products")
FIRST = (
    select(*SHOWN)
    .where(
        func.strpos(Product.title, bindparam("word")) > 0, Product.supplier == bindparam("supplier")
    )
    .order_by(Product.title, Product.id)
    .limit(bindparam("most"))
)
EDGE = tuple_(bindparam("title", type_=Product.title.type), bindparam("id", type_=Product.id.type))
NEXT = FIRST.where(tuple_(Product.title, Product.id) > EDGE)
ONE = select(*SHOWN, Product.version).where(Product.id == bindparam("id"))
CHANGE = (
    update(Product)
    .where(Product.id == bindparam("product_id"), Product.version == bindparam("before"))
    .values(stock=bindparam("left"), version=Product.version + 1, updated_at=bindparam("at"))
    .returning(*SHOWN, Product.version)
)


class ProductPatch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    stock: Annotated[int, Field(ge=0, lt=2**31, strict=True)]


def after(text: str | None, count: int) -> list[Any] | None:
    """The values of a cursor; 400 for another text."""
    try:
        return None if text is None else read_cursor(text, count)
    except ValueError:
        raise HTTPException(400, "The cursor is not of this list") from None


@router.get("")
async def search(
    request: Request,
    contains: Annotated[str, Query(alias="title[contains]")],
    supplier: str,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    sort: Annotated[str, Query(pattern="^title$")] = "title",
    text: Annotated[str | None, Query(alias="cursor")] = None,
) -> Response:
    """A page of what is sought."""
    asked: dict[str, Any] = {"word": contains, "supplier": supplier, "most": limit + 1}
    statement, edge = FIRST, after(text, 2)
    if edge is not None:
        statement, asked = NEXT, {**asked, "title": edge[0], "id": UUID(edge[1])}
    async with reading.connect() as connection:
        rows = (await connection.execute(statement, asked)).all()
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        edge_text = cursor(rows[-1].title, str(rows[-1].id))
        following = str(request.url.include_query_params(cursor=edge_text))
    return answer({"items": [shown(row) for row in rows], "next": following, "prev": None})


@router.get("/{product_id}")
async def show(product_id: UUID) -> Response:
    """One product."""
    row = await found(product_id)
    return answer(shown(row), ETag=f'"{row.version}"')


@router.patch("/{product_id}", dependencies=[needs("catalog.write")])
async def change(
    product_id: UUID, body: ProductPatch, if_match: Annotated[str | None, Header()] = None
) -> Response:
    """Change a product that is as it was read."""
    version = (if_match or "").strip('"')
    asked = {"product_id": product_id, "before": int(version) if version.isdigit() else 0}
    async with engine.begin() as connection:
        done = await connection.execute(CHANGE, {**asked, "left": body.stock, "at": now()})
        row = done.one_or_none()
    if row is None:
        await found(product_id)
        raise HTTPException(412, "The product has changed since")
    return answer(shown(row), ETag=f'"{row.version}"')


async def found(product_id: UUID) -> Any:
    """The row of a product, or 404."""
    async with reading.connect() as connection:
        row = (await connection.execute(ONE, {"id": product_id})).one_or_none()
    if row is None:
        raise HTTPException(404, "There is no such product")
    return row


def shown(row: Any) -> dict[str, Any]:
    """A row as the API shows it."""
    return {
        "id": row.id,
        "sku": row.sku,
        "title": row.title,
        "supplier": row.supplier,
        "price": money(row.price_minor, row.currency),
        "stock": row.stock,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
