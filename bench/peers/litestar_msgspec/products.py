"""Products: search, get one, change one.

Follows: https://docs.litestar.dev/2/usage/routing/parameters.html and
https://docs.litestar.dev/2/usage/responses.html
"""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from bench.peers.domain import cursor, now, read_cursor
from bench.peers.litestar_msgspec.schemas import ProductOut, ProductPage, ProductPatch
from bench.peers.litestar_msgspec.security import CurrentUser
from bench.peers.models import SHOWN, Product
from litestar import Controller, Request, Response, get, patch
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.params import Parameter
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only
from sqlalchemy.orm.exc import StaleDataError

Limit = Annotated[int, Parameter(ge=1, le=500)]
Cursor = Annotated[str | None, Parameter(query="cursor")]
IfMatch = Annotated[str | None, Parameter(header="If-Match")]


def after(text: str | None, count: int) -> list[Any] | None:
    """The values of a cursor; 400 for another text."""
    try:
        return None if text is None else read_cursor(text, count)
    except ValueError:
        raise ClientException("The cursor is not of this list") from None


def shown(product: Product) -> ProductOut:
    """A product as the API shows it."""
    return ProductOut(
        id=product.id,
        sku=product.sku,
        title=product.title,
        supplier=product.supplier,
        price=product.price,
        stock=product.stock,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


class ProductController(Controller):
    path = "/api/catalog/v1/products"

    @get()
    async def search(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        contains: Annotated[str, Parameter(query="title[contains]")],
        supplier: str,
        sort: Annotated[str, Parameter(pattern="^title$")] = "title",
        limit: Limit = 50,
        edge_text: Cursor = None,
    ) -> ProductPage:
        """A page of what is sought."""
        query = (
            select(Product)
            .options(load_only(*SHOWN))
            .where(Product.title.contains(contains, autoescape=True), Product.supplier == supplier)
            .order_by(Product.title, Product.id)
            .limit(limit + 1)
        )
        edge = after(edge_text, 2)
        if edge is not None:
            query = query.where(tuple_(Product.title, Product.id) > tuple_(edge[0], UUID(edge[1])))
        products = (await session.scalars(query)).all()
        following = None
        if len(products) > limit:
            products = products[:limit]
            edge_text = cursor(products[-1].title, str(products[-1].id))
            asked = {**request.query_params, "cursor": edge_text}
            following = f"{request.url.path}?{urlencode(asked)}"
        return ProductPage([shown(product) for product in products], following)

    @get("/{product_id:uuid}")
    async def show(self, product_id: UUID, session: AsyncSession) -> Response[ProductOut]:
        """One product."""
        return answer(await found(session, product_id))

    @patch("/{product_id:uuid}")
    async def change(
        self,
        product_id: UUID,
        user: CurrentUser,
        data: ProductPatch,
        session: AsyncSession,
        match: IfMatch = None,
    ) -> Response[ProductOut]:
        """Change a product that is as it was read."""
        user.check("catalog.write")
        product = await found(session, product_id)
        if match != f'"{product.version}"':
            raise HTTPException("The product has changed since", status_code=412)
        product.stock = data.stock
        product.updated_at = now()
        try:
            await session.commit()
        except StaleDataError:
            raise HTTPException("The product has changed since", status_code=412) from None
        return answer(product)


async def found(session: AsyncSession, product_id: UUID) -> Product:
    """A product, or 404."""
    product = await session.get(Product, product_id, options=[load_only(*SHOWN, Product.version)])
    if product is None:
        raise NotFoundException("There is no such product")
    return product


def answer(product: Product) -> Response[ProductOut]:
    """A product with its ETag."""
    return Response(shown(product), headers={"ETag": f'"{product.version}"'})
