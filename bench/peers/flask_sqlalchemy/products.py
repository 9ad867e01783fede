"""Products: search, get one, change one.

Follows: https://flask.palletsprojects.com/en/stable/blueprints/ and
https://flask-sqlalchemy.readthedocs.io/en/stable/queries/
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bench.peers.domain import cursor, now, read_cursor
from bench.peers.flask_sqlalchemy.database import db
from bench.peers.flask_sqlalchemy.schemas import (
    product_patch_schema,
    product_schema,
    products_schema,
    search_schema,
)
from bench.peers.flask_sqlalchemy.security import needs
from bench.peers.models import SHOWN, Product
from flask import Blueprint, abort, jsonify, request
from sqlalchemy import select, tuple_
from sqlalchemy.orm import load_only
from sqlalchemy.orm.exc import StaleDataError

blueprint = Blueprint("products", __name__, url_prefix="/api/catalog/v1/products")


def after(text: str | None, count: int) -> list[Any] | None:
    """The values of a cursor; 400 for another text."""
    try:
        return None if text is None else read_cursor(text, count)
    except ValueError:
        abort(400, "The cursor is not of this list")


def next_url(*edge: str) -> str:
    """Where the next page is."""
    return f"{request.path}?{urlencode({**request.args, 'cursor': cursor(*edge)})}"


@blueprint.get("")
def search() -> Any:
    """A page of what is sought."""
    asked = search_schema.load(request.args)
    query = (
        select(Product)
        .options(load_only(*SHOWN))
        .where(
            Product.title.contains(asked["contains"], autoescape=True),
            Product.supplier == asked["supplier"],
        )
        .order_by(Product.title, Product.id)
        .limit(asked["limit"] + 1)
    )
    edge = after(asked["cursor"], 2)
    if edge is not None:
        query = query.where(tuple_(Product.title, Product.id) > tuple_(edge[0], UUID(edge[1])))
    products = db.session.scalars(query).all()
    following = None
    if len(products) > asked["limit"]:
        products = products[: asked["limit"]]
        following = next_url(products[-1].title, str(products[-1].id))
    return jsonify(items=products_schema.dump(products), next=following, prev=None)


def found(product_id: UUID) -> Product:
    """A product, or 404."""
    only = [load_only(*SHOWN, Product.version)]
    return db.get_or_404(Product, product_id, options=only)


def answer(product: Product) -> Any:
    """A product with its ETag."""
    response = jsonify(product_schema.dump(product))
    response.headers["ETag"] = f'"{product.version}"'
    return response


@blueprint.get("/<uuid:product_id>")
def show(product_id: UUID) -> Any:
    """One product."""
    return answer(found(product_id))


@blueprint.patch("/<uuid:product_id>")
@needs("catalog.write")
def change(product_id: UUID) -> Any:
    """Change a product that is as it was read."""
    body = product_patch_schema.load(request.get_json())
    product = found(product_id)
    if request.headers.get("If-Match") != f'"{product.version}"':
        abort(412, "The product has changed since")
    product.stock = body["stock"]
    product.updated_at = now()
    try:
        db.session.flush()
    except StaleDataError:
        abort(412, "The product has changed since")
    response = answer(product)
    db.session.commit()
    return response
