"""What loyalty keeps: two extensions of other addons' models, and two tables of its own.

An extension is a table of this addon whose primary key is the extended row's id. The tables of catalog
and orders are not touched, and go on working when this addon sleeps.
"""

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from talatat.db import Extension, Record, declarative_base, extension_key
from talatat.db import types as t
from talatat_catalog.models import Product
from talatat_orders.models import Customer, Order

Base = declarative_base("loyalty")


class ProductPoints(Extension, Base):
    """Points that a product earns beside its price. Sparse: only products that earn some have a row."""

    __tablename__ = "loyalty_product"

    product_id: Mapped[str] = extension_key(Product)
    points: Mapped[int] = mapped_column(Integer, default=0)


class CustomerPoints(Extension, Base):
    """All points that a customer ever collected. Always: every customer has a row."""

    __tablename__ = "loyalty_customer"

    customer_id: Mapped[str] = extension_key(Customer)
    points: Mapped[int] = mapped_column(BigInteger, default=0)


class Account(Record, Base):
    """The points that a customer may still spend; made with the first ones."""

    __tablename__ = "loyalty_account"

    customer_id: Mapped[str] = mapped_column(
        t.UUIDv7(), ForeignKey(Customer.id, ondelete="CASCADE"), unique=True
    )
    points: Mapped[int] = mapped_column(BigInteger, default=0, index=True)


class Entry(Base):
    """Points that one event gave or took back. An event that comes twice finds its entry here."""

    __tablename__ = "loyalty_entry"

    event_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    order_id: Mapped[str] = mapped_column(
        t.UUIDv7(), ForeignKey(Order.id, ondelete="CASCADE"), index=True
    )
    points: Mapped[int] = mapped_column(BigInteger)
