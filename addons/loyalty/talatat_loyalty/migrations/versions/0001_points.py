"""Points of products and customers, accounts, and the entries of events."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_points"
down_revision = None
requires = {"catalog": "0001_products", "orders": "0001_orders"}
phase = "expand"
waivers = {
    "several-locked-tables": "the new tables are empty: each key is added in the blink of an eye"
}


def upgrade() -> None:
    op.create_table(
        "loyalty_product",
        extended("product_id", "catalog_product.id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
    )
    op.create_table(
        "loyalty_customer",
        extended("customer_id", "orders_customer.id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "loyalty_account",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "customer_id",
            t.UUIDv7(),
            sa.ForeignKey("orders_customer.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
        ),
        sa.Column("points", sa.BigInteger(), nullable=False, index=True),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    )
    op.create_table(
        "loyalty_entry",
        sa.Column("event_key", sa.String(100), primary_key=True),
        sa.Column(
            "order_id",
            t.UUIDv7(),
            sa.ForeignKey("orders_order.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("points", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("loyalty_entry")
    op.drop_table("loyalty_account")
    op.drop_table("loyalty_customer")
    op.drop_table("loyalty_product")


def extended(name: str, target: str) -> sa.Column:
    """The key of an extension table: the id of the row that it extends."""
    key = sa.ForeignKey(target, ondelete="CASCADE")
    return sa.Column(name, t.UUIDv7(), key, primary_key=True)
