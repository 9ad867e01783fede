"""Customers, their orders and the lines of an order.

Amounts are integers in the currency's minor unit; a line keeps what was sold under which name and at
which price, whatever becomes of the product.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from talatat.db import MoneyOf, Record
from talatat.db import types as t
from talatat_catalog.models import Product
from talatat_orders.models.base import Base


class Customer(Record, Base):
    """Somebody who buys. ``user_id`` is the identity that may see the orders; nobody's when empty."""

    __tablename__ = "orders_customer"

    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    country: Mapped[str | None] = mapped_column(String(80))
    user_id: Mapped[str | None] = mapped_column(String(64), index=True)
    #: The customer's number in an imported source.
    source_id: Mapped[str | None] = mapped_column(String(40), unique=True)


class Order(Record, Base):
    """What a customer ordered, and how far it has come (``talatat_orders.states``)."""

    __tablename__ = "orders_order"
    __table_args__ = (CheckConstraint("total_minor >= 0", name="total"),)

    customer_id: Mapped[str] = mapped_column(t.UUIDv7(), ForeignKey(Customer.id), index=True)
    state: Mapped[str] = mapped_column(String(16), default="placed", index=True)
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    #: The identity that checked out: a person's own order, or the clerk who typed it in.
    placed_by: Mapped[str | None] = mapped_column(String(64), index=True)
    paid_at: Mapped[datetime | None] = mapped_column(t.UTCDateTime())
    shipped_at: Mapped[datetime | None] = mapped_column(t.UTCDateTime())
    cancelled_at: Mapped[datetime | None] = mapped_column(t.UTCDateTime())

    customer: Mapped[Customer] = relationship(lazy="raise")
    lines: Mapped[list["OrderLine"]] = relationship(
        lazy="raise", order_by="OrderLine.position", back_populates="order", passive_deletes=True
    )

    total = MoneyOf("total_minor", "currency", "The sum of the lines as money.")


class OrderLine(Base):
    """One product of an order, as it was called and priced when it was sold."""

    __tablename__ = "orders_order_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)

    order_id: Mapped[str] = mapped_column(
        t.UUIDv7(), ForeignKey(Order.id, ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    product_id: Mapped[str | None] = mapped_column(
        t.UUIDv7(), ForeignKey(Product.id, ondelete="SET NULL"), index=True
    )
    sku: Mapped[str | None] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(500))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)

    order: Mapped[Order] = relationship(lazy="raise_on_sql", back_populates="lines")

    unit_price = MoneyOf("unit_price_minor", "order.currency", "What one cost.")
    amount = MoneyOf("amount_minor", "order.currency", "What the line cost.")
