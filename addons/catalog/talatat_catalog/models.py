"""Products, their categories, prices and stock.

A price is one whole number of the currency's minor unit (cents); the API shows it as money. What
differs from one kind of product to another stands in `attributes`, an open map of texts, numbers and
truth values that can be filtered. `source_id` is the product's name in the system that it was imported
from: a second import finds it again by that.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from talatat.db import JSONDocument, MoneyOf, Record, UUIDv7, declarative_base

Base = declarative_base("catalog")

product_category = sa.Table(
    "catalog_product_category",
    Base.metadata,
    sa.Column(
        "product_id",
        UUIDv7,
        sa.ForeignKey("catalog_product.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "category_id",
        UUIDv7,
        sa.ForeignKey("catalog_category.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)


class Category(Record, Base):
    """A shelf of the shop. `slug` is its name in URLs and in `Product.categories` of the API."""

    __tablename__ = "catalog_category"

    slug: Mapped[str] = mapped_column(sa.String(100), unique=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    parent_id: Mapped[str | None] = mapped_column(
        UUIDv7, sa.ForeignKey("catalog_category.id", ondelete="SET NULL"), index=True
    )


class Product(Record, Base):
    """A thing that is sold. `stock` None means that it is not counted and never runs out."""

    __tablename__ = "catalog_product"
    __table_args__ = (
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.CheckConstraint("price_minor >= 0", name="price_not_negative"),
    )

    source_id: Mapped[str | None] = mapped_column(sa.String(100), unique=True)
    sku: Mapped[str] = mapped_column(sa.String(255), index=True)
    title: Mapped[str] = mapped_column(sa.String(500), index=True)
    description: Mapped[str] = mapped_column(sa.Text, default="")
    ean: Mapped[list[str]] = mapped_column(JSONDocument, default=list)
    supplier: Mapped[str] = mapped_column(sa.String(200), default="", index=True)
    price_minor: Mapped[int] = mapped_column(sa.BigInteger)
    currency: Mapped[str] = mapped_column(sa.CHAR(3))
    stock: Mapped[int | None] = mapped_column(sa.Integer)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONDocument, default=dict)

    categories: Mapped[list[Category]] = relationship(
        secondary=product_category, order_by=Category.slug, passive_deletes=True
    )

    price = MoneyOf("price_minor", "currency", "The price as money.")

    @property
    def category_slugs(self) -> list[str]:
        """The slugs of its categories, sorted: how the API names them."""
        return [category.slug for category in self.categories]

    def __repr__(self) -> str:
        return f"<Product {self.id} {self.sku!r}>"
