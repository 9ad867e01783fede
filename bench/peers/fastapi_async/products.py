"""Products: search, get one, change one.

Follows: https://fastapi.tiangolo.com/tutorial/sql-databases/ , https://fastapi.tiangolo.com/tutorial/bigger-applications/
and https://docs.sqlalchemy.org/en/21/orm/queryguide/columns.html (load_only)
"""

from typing import Annotated, Any
from uuid import UUID

from bench.peers.domain import cursor, now, read_cursor
from bench.peers.fastapi_async.database import SessionDep
from bench.peers.fastapi_async.schemas import ProductOut, ProductPage, ProductPatch
from bench.peers.fastapi_async.security import needs
from bench.peers.models import SHOWN, Product
from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from sqlalchemy import select, tuple_
from sqlalchemy.orm import load_only
from sqlalchemy.orm.exc import StaleDataError

router = APIRouter(prefix="/api/catalog/v1/products")


def after(text: str | None, count: int) -> list[Any] | None:
    """The values of a cursor; 400 for another text."""
    try:
        return None if text is None else read_cursor(text, count)
    except ValueError:
        raise HTTPException(400, "The cursor is not of this list") from None


@router.get("", response_model=ProductPage)
async def search(
    request: Request,
    session: SessionDep,
    contains: Annotated[str, Query(alias="title[contains]")],
    supplier: str,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    sort: Annotated[str, Query(pattern="^title$")] = "title",
    text: Annotated[str | None, Query(alias="cursor")] = None,
) -> Any:
    """A page of what is sought."""
    query = (
        select(Product)
        .options(load_only(*SHOWN))
        .where(Product.title.contains(contains, autoescape=True), Product.supplier == supplier)
        .order_by(Product.title, Product.id)
        .limit(limit + 1)
    )
    edge = after(text, 2)
    if edge is not None:
        query = query.where(tuple_(Product.title, Product.id) > tuple_(edge[0], UUID(edge[1])))
    products = (await session.scalars(query)).all()
    following = None
    if len(products) > limit:
        products = products[:limit]
        last = products[-1]
        following = str(request.url.include_query_params(cursor=cursor(last.title, str(last.id))))
    return {"items": products, "next": following, "prev": None}


@router.get("/{product_id}", response_model=ProductOut)
async def show(product_id: UUID, session: SessionDep, response: Response) -> Any:
    """One product."""
    product = await session.get(Product, product_id, options=[load_only(*SHOWN, Product.version)])
    if product is None:
        raise HTTPException(404, "There is no such product")
    response.headers["ETag"] = f'"{product.version}"'
    return product


@router.patch("/{product_id}", response_model=ProductOut, dependencies=[needs("catalog.write")])
async def change(
    product_id: UUID,
    body: ProductPatch,
    session: SessionDep,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> Any:
    """Change a product that is as it was read."""
    product = await session.get(Product, product_id, options=[load_only(*SHOWN, Product.version)])
    if product is None:
        raise HTTPException(404, "There is no such product")
    if if_match != f'"{product.version}"':
        raise HTTPException(412, "The product has changed since")
    product.stock = body.stock
    product.updated_at = now()
    try:
        await session.commit()
    except StaleDataError:
        raise HTTPException(412, "The product has changed since") from None
    response.headers["ETag"] = f'"{product.version}"'
    return product
