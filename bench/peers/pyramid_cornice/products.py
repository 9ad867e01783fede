"""Products: search, get one, change one.

Follows: https://cornice.readthedocs.io/en/latest/services.html and
https://cornice.readthedocs.io/en/latest/validation.html
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bench.peers.domain import cursor, now, read_cursor
from bench.peers.models import SHOWN, Product
from bench.peers.pyramid_cornice.schemas import ProductPatchSchema, SearchSchema
from cornice import Service
from cornice.validators import colander_body_validator, colander_querystring_validator
from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPPreconditionFailed
from sqlalchemy import select, tuple_
from sqlalchemy.orm import load_only
from sqlalchemy.orm.exc import StaleDataError

products = Service(name="products", path="/api/catalog/v1/products")
product = Service(name="product", path="/api/catalog/v1/products/{id}")


def after(text: str | None, count: int) -> list[Any] | None:
    """The values of a cursor; 400 for another text."""
    try:
        return None if text is None else read_cursor(text, count)
    except ValueError:
        raise HTTPBadRequest("The cursor is not of this list") from None


def next_url(request: Any, *edge: str) -> str:
    """Where the next page is."""
    return f"{request.path}?{urlencode({**request.GET, 'cursor': cursor(*edge)})}"


def shown(row: Product) -> dict[str, Any]:
    """A product as the API shows it."""
    return {
        "id": row.id,
        "sku": row.sku,
        "title": row.title,
        "supplier": row.supplier,
        "price": row.price,
        "stock": row.stock,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


@products.get(schema=SearchSchema(), validators=(colander_querystring_validator,))
def search(request: Any) -> dict[str, Any]:
    """A page of what is sought."""
    asked = request.validated
    query = (
        select(Product)
        .options(load_only(*SHOWN))
        .where(
            Product.title.contains(asked["title[contains]"], autoescape=True),
            Product.supplier == asked["supplier"],
        )
        .order_by(Product.title, Product.id)
        .limit(asked["limit"] + 1)
    )
    edge = after(asked["cursor"], 2)
    if edge is not None:
        query = query.where(tuple_(Product.title, Product.id) > tuple_(edge[0], UUID(edge[1])))
    rows = request.dbsession.scalars(query).all()
    following = None
    if len(rows) > asked["limit"]:
        rows = rows[: asked["limit"]]
        following = next_url(request, rows[-1].title, str(rows[-1].id))
    return {"items": [shown(row) for row in rows], "next": following, "prev": None}


def found(request: Any) -> Product:
    """The product of the path, or 404."""
    try:
        identifier = UUID(request.matchdict["id"])
    except ValueError:
        raise HTTPNotFound("There is no such product") from None
    only = [load_only(*SHOWN, Product.version)]
    row = request.dbsession.get(Product, identifier, options=only)
    if row is None:
        raise HTTPNotFound("There is no such product")
    return row


def answer(request: Any, row: Product) -> dict[str, Any]:
    """A product with its ETag."""
    request.response.headers["ETag"] = f'"{row.version}"'
    return shown(row)


@product.get()
def show(request: Any) -> dict[str, Any]:
    """One product."""
    return answer(request, found(request))


@product.patch(
    schema=ProductPatchSchema(), validators=(colander_body_validator,), permission="catalog.write"
)
def change(request: Any) -> dict[str, Any]:
    """Change a product that is as it was read."""
    row = found(request)
    if request.headers.get("If-Match") != f'"{row.version}"':
        raise HTTPPreconditionFailed("The product has changed since")
    row.stock = request.validated["stock"]
    row.updated_at = now()
    try:
        request.dbsession.flush()
    except StaleDataError:
        raise HTTPPreconditionFailed("The product has changed since") from None
    return answer(request, row)
