"""Customers, orders with their lines, and the invoices of former years."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_orders"
down_revision = None
requires = {"catalog": "0001_products"}
phase = "expand"


def record(*columns: sa.Column) -> list[sa.Column]:
    """The columns of a Record around an addon's own."""
    return [
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *columns,
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    ]


def upgrade() -> None:
    customers()
    orders()
    order_lines()
    history_invoices()
    history_lines()


def downgrade() -> None:
    op.drop_table("orders_history_line")
    op.drop_table("orders_history_invoice")
    op.drop_table("orders_order_line")
    op.drop_table("orders_order")
    op.drop_table("orders_customer")


def customers() -> None:
    op.create_table(
        "orders_customer",
        *record(
            sa.Column("name", sa.String(200), nullable=False),
            sa.Column("email", sa.String(254)),
            sa.Column("country", sa.String(80)),
            sa.Column("user_id", sa.String(64), index=True),
            sa.Column("source_id", sa.String(40), unique=True),
        ),
    )


def orders() -> None:
    op.create_table(
        "orders_order",
        *record(
            sa.Column(
                "customer_id",
                t.UUIDv7(),
                sa.ForeignKey("orders_customer.id"),
                nullable=False,
                index=True,
            ),
            sa.Column("state", sa.String(16), nullable=False, index=True),
            sa.Column("currency", sa.String(3), nullable=False),
            sa.Column("total_minor", sa.BigInteger(), nullable=False),
            sa.Column("placed_by", sa.String(64), index=True),
            sa.Column("paid_at", t.UTCDateTime()),
            sa.Column("shipped_at", t.UTCDateTime()),
            sa.Column("cancelled_at", t.UTCDateTime()),
        ),
        sa.CheckConstraint("total_minor >= 0", name="total"),
    )


def order_lines() -> None:
    op.create_table(
        "orders_order_line",
        sa.Column(
            "order_id",
            t.UUIDv7(),
            sa.ForeignKey("orders_order.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        product(),
        sa.Column("sku", sa.String(255)),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity"),
    )


def product() -> sa.Column:
    """What was sold; kept without it when the catalogue drops it."""
    return sa.Column(
        "product_id",
        t.UUIDv7(),
        sa.ForeignKey("catalog_product.id", ondelete="SET NULL"),
        index=True,
    )


def history_invoices() -> None:
    op.create_table(
        "orders_history_invoice",
        *record(
            sa.Column("invoice_no", sa.String(20), nullable=False, unique=True),
            sa.Column("kind", sa.String(16), nullable=False, index=True),
            sa.Column("invoiced_at", t.UTCDateTime(), nullable=False, index=True),
            sa.Column(
                "customer_id",
                t.UUIDv7(),
                sa.ForeignKey("orders_customer.id", ondelete="SET NULL"),
                index=True,
            ),
            sa.Column("country", sa.String(80)),
        ),
    )


def history_lines() -> None:
    op.create_table(
        "orders_history_line",
        *record(
            sa.Column(
                "invoice_id",
                t.UUIDv7(),
                sa.ForeignKey("orders_history_invoice.id", ondelete="CASCADE"),
                nullable=False,
                index=True,
            ),
            product(),
            sa.Column("source_line", sa.Integer(), nullable=False),
            sa.Column("stock_code", sa.String(40), nullable=False, index=True),
            sa.Column("description", sa.String(500)),
            sa.Column("goods", sa.Boolean(), nullable=False),
            sa.Column("quantity", sa.Integer(), nullable=False),
            sa.Column("unit_price", t.Scaled(4), nullable=False),
            sa.Column("amount", t.Scaled(4), nullable=False),
            sa.Column("invoiced_at", t.UTCDateTime(), nullable=False),
            sa.Column("fingerprint", sa.BigInteger(), nullable=False),
            sa.Column("occurrence", sa.Integer(), nullable=False),
            sa.Column("duplicate", sa.Boolean(), nullable=False),
        ),
        sa.UniqueConstraint("fingerprint", "occurrence"),
    )
