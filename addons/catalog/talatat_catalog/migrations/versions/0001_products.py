"""Products, categories and which product stands in which category."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_products"
down_revision = None
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "catalog_category",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("slug", sa.String(100), nullable=False, unique=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column(
            "parent_id",
            t.UUIDv7(),
            sa.ForeignKey("catalog_category.id", ondelete="SET NULL"),
            index=True,
        ),
        *moments(),
    )
    op.create_table(
        "catalog_product",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source_id", sa.String(100), unique=True),
        sa.Column("sku", sa.String(255), nullable=False, index=True),
        sa.Column("title", sa.String(500), nullable=False, index=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("ean", t.JSONDocument(), nullable=False),
        sa.Column("supplier", sa.String(200), nullable=False, index=True),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("stock", sa.Integer),
        sa.Column("attributes", t.JSONDocument(), nullable=False),
        *moments(),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.CheckConstraint("price_minor >= 0", name="price_not_negative"),
    )
    op.create_table(
        "catalog_product_category",
        reference("product_id", "catalog_product"),
        reference("category_id", "catalog_category", index=True),
    )


def downgrade() -> None:
    op.drop_table("catalog_product_category")
    op.drop_table("catalog_product")
    op.drop_table("catalog_category")


def moments() -> tuple[sa.Column, sa.Column]:
    """When a row was made and last changed."""
    return (
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    )


def reference(name: str, table: str, index: bool = False) -> sa.Column:
    """Half of the primary key of a table between two others."""
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, t.UUIDv7(), key, primary_key=True, index=index)
