"""What the API offers: products, with filters, typed attributes and ranked search, and categories."""

import re
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from talatat.db import Money
from talatat.problems import invalid
from talatat.resources import Ranking, Resource, compare, writer
from talatat_catalog.attributes import filter_attribute
from talatat_catalog.models import Category, Product
from talatat_catalog.schemas import CategorySchema, ProductSchema
from talatat_catalog.search.query import ranked

PERMISSIONS = {"read": "public", "write": "catalog.write"}
# No exponent: of 1e999999 Python would make an integer for a minute, and do nothing else.
PRICE = re.compile(r"(?P<amount>-?[0-9]{1,15}(?:\.[0-9]{1,4})?) (?P<currency>[A-Z]{3})")


def filter_categories(query: Any, name: str, op: str, value: Any) -> Any:
    """`categories=slug`: products that stand in it; `categories[in]=a,b`: in one of them."""
    inside = Product.categories.any
    if op == "isnull":
        return query.where(~inside() if value else inside())
    if op in ("eq", "ne"):
        value = [value]
    found = inside(Category.slug.in_(value))
    return query.where(found if op in ("eq", "in") else ~found)


filter_categories.operators = ("eq", "ne", "in", "nin", "isnull")  # type: ignore[attr-defined]


def filter_price(query: Any, name: str, op: str, value: Any) -> Any:
    """`price[lte]=12.50 EUR`: amounts are compared within a currency only."""
    found = PRICE.fullmatch(value.strip())
    try:
        if found is None:
            raise ValueError(value)
        currency = found["currency"]
        minor = Money(Decimal(found["amount"]), currency).minor
    except ValueError:  # no such form, or a part of a cent
        raise ValueError("must be an amount and its currency, such as 12.50 EUR") from None
    if abs(minor) >= 2**63:
        raise ValueError("is too large")
    return query.where(Product.currency == currency, compare(Product.price_minor, op, minor))


filter_price.operators = ("eq", "lt", "lte", "gt", "gte")  # type: ignore[attr-defined]
filter_price.schema = {"pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,4})? [A-Z]{3}$"}  # type: ignore[attr-defined]


class Products(Resource):
    """What is sold. Everybody may look; `q=` searches all text and ranks."""

    name = "products"
    model = Product
    schema = ProductSchema
    permissions = PERMISSIONS
    problems = {"validation_failed": (422, "A category is not there; `errors` points to it.")}
    filters = {
        "source_id": Product.source_id,
        "sku": Product.sku,
        "title": Product.title,
        "supplier": Product.supplier,
        "stock": Product.stock,
        "price": filter_price,
        "categories": filter_categories,
        "created_at": Product.created_at,
        "updated_at": Product.updated_at,
    }
    sorts = {
        "title": Product.title,
        "sku": Product.sku,
        "price": Product.price_minor,
        "stock": Product.stock,
        "created_at": Product.created_at,
        "updated_at": Product.updated_at,
    }
    open_maps = {"attributes": filter_attribute}

    def load_options(self, request: Any) -> Any:
        return (selectinload(Product.categories),)

    def search(self, request: Any, text: str) -> Ranking:
        return Ranking(ranked(request.db, text))

    @writer("category_slugs")
    def write_categories(self, request: Any, row: Any, slugs: Any) -> None:
        """Put the product on these shelves."""
        row.categories = categories_named(request.db, slugs)

    @writer("ean")
    def write_ean(self, request: Any, row: Any, codes: Any) -> None:
        """A JSON document keeps a list."""
        row.ean = list(codes)


def categories_named(session: Any, slugs: Any) -> list[Category]:
    """Return the categories of these slugs; Problem 422 naming each that is not there."""
    found = {
        one.slug: one
        for one in session.scalars(sa.select(Category).where(Category.slug.in_(slugs)))
    }
    missing = [
        {
            "pointer": f"/categories/{number}",
            "code": "unknown_category",
            "detail": f"There is no category {slug!r}",
        }
        for number, slug in enumerate(slugs)
        if slug not in found
    ]
    if missing:
        raise invalid(missing)
    return [found[slug] for slug in dict.fromkeys(slugs)]


class Categories(Resource):
    """The shelves of the shop; a category may stand in another."""

    name = "categories"
    model = Category
    schema = CategorySchema
    permissions = PERMISSIONS
    filters = ("slug", "title", "parent_id")
    sorts = ("slug", "title", "created_at")
    default_sort = ("slug",)
