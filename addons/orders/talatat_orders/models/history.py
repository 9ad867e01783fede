"""Invoices of former years, kept as they were: beside the orders, since they follow other rules.

A historic line may have a negative quantity, a price with four decimals or no price, and a code that
is no product of the catalogue. Amounts are exact decimals.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from talatat.db import Record
from talatat.db import types as t
from talatat_catalog.models import Product
from talatat_orders.models.base import Base
from talatat_orders.models.orders import Customer


class HistoryInvoice(Record, Base):
    """The head of an invoice: a ``sale``, a ``cancellation`` or an ``adjustment``."""

    __tablename__ = "orders_history_invoice"

    invoice_no: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    invoiced_at: Mapped[datetime] = mapped_column(t.UTCDateTime(), index=True)
    customer_id: Mapped[str | None] = mapped_column(
        t.UUIDv7(), ForeignKey(Customer.id, ondelete="SET NULL"), index=True
    )
    country: Mapped[str | None] = mapped_column(String(80))


class HistoryLine(Record, Base):
    """A line of an invoice. ``occurrence`` counts exact duplicates, which are kept: 1, 2, ..."""

    __tablename__ = "orders_history_line"
    __table_args__ = (UniqueConstraint("fingerprint", "occurrence"),)

    invoice_id: Mapped[str] = mapped_column(
        t.UUIDv7(), ForeignKey(HistoryInvoice.id, ondelete="CASCADE"), index=True
    )
    product_id: Mapped[str | None] = mapped_column(
        t.UUIDv7(), ForeignKey(Product.id, ondelete="SET NULL"), index=True
    )
    source_line: Mapped[int] = mapped_column(Integer)
    stock_code: Mapped[str] = mapped_column(String(40), index=True)
    description: Mapped[str | None] = mapped_column(String(500))
    goods: Mapped[bool] = mapped_column(Boolean)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[Decimal] = mapped_column(t.Scaled(4))
    amount: Mapped[Decimal] = mapped_column(t.Scaled(4))
    invoiced_at: Mapped[datetime] = mapped_column(t.UTCDateTime())
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    occurrence: Mapped[int] = mapped_column(Integer)
    duplicate: Mapped[bool] = mapped_column(Boolean)
