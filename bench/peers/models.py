"""The shop's tables as SQLAlchemy's documentation maps them, for the peers that use its ORM.

Follows: https://docs.sqlalchemy.org/en/21/orm/declarative_tables.html and
https://docs.sqlalchemy.org/en/21/orm/versioning.html (the `version` of a row)
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from bench.peers.domain import four_places, money, new_id, now
from sqlalchemy import CHAR, BigInteger, Boolean, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True)}


def new_uuid() -> UUID:
    """A new id."""
    return UUID(new_id())


class User(Base):
    __tablename__ = "accounts_user"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(Boolean)
    grants: Mapped[list[Grant]] = relationship(back_populates="user")
    groups: Mapped[list[Group]] = relationship(secondary="accounts_membership")


class Membership(Base):
    __tablename__ = "accounts_membership"
    user_id: Mapped[UUID] = mapped_column(ForeignKey("accounts_user.id"), primary_key=True)
    group_id: Mapped[UUID] = mapped_column(ForeignKey("accounts_group.id"), primary_key=True)


class Group(Base):
    __tablename__ = "accounts_group"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    grants: Mapped[list[Grant]] = relationship(back_populates="group")


class Grant(Base):
    __tablename__ = "accounts_grant"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts_user.id"))
    group_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts_group.id"))
    user: Mapped[User | None] = relationship(back_populates="grants")
    group: Mapped[Group | None] = relationship(back_populates="grants")


class Token(Base):
    __tablename__ = "accounts_token"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("accounts_user.id"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str] | None] = mapped_column(JSONB)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class Product(Base):
    __tablename__ = "catalog_product"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_uuid)
    version: Mapped[int] = mapped_column(Integer)
    source_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    sku: Mapped[str] = mapped_column(String(255), index=True)
    title: Mapped[str] = mapped_column(String(500), index=True)
    description: Mapped[str] = mapped_column(Text, default="")
    ean: Mapped[list[str]] = mapped_column(JSONB, default=list)
    supplier: Mapped[str] = mapped_column(String(200), default="", index=True)
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CHAR(3))
    stock: Mapped[int | None] = mapped_column(Integer)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}

    @property
    def price(self) -> dict[str, str]:
        """The price as money."""
        return money(self.price_minor, self.currency)


#: What a list of products shows.
SHOWN = (
    Product.id,
    Product.sku,
    Product.title,
    Product.supplier,
    Product.price_minor,
    Product.currency,
    Product.stock,
    Product.created_at,
    Product.updated_at,
)


class Customer(Base):
    __tablename__ = "orders_customer"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[str | None] = mapped_column(String(64))


class Order(Base):
    __tablename__ = "orders_order"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_uuid)
    version: Mapped[int] = mapped_column(Integer)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("orders_customer.id"))
    state: Mapped[str] = mapped_column(String(16), default="placed")
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    placed_by: Mapped[str | None] = mapped_column(String(64))
    paid_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    lines: Mapped[list[OrderLine]] = relationship(
        back_populates="order", order_by="OrderLine.position"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def total(self) -> dict[str, str]:
        """The sum of the lines as money."""
        return money(self.total_minor, self.currency)


class OrderLine(Base):
    __tablename__ = "orders_order_line"
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders_order.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("catalog_product.id"))
    sku: Mapped[str | None] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(500))
    quantity: Mapped[int]
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    order: Mapped[Order] = relationship(back_populates="lines")

    @property
    def unit_price(self) -> dict[str, str]:
        """What one cost."""
        return money(self.unit_price_minor, self.order.currency)

    @property
    def amount(self) -> dict[str, str]:
        """What the line cost."""
        return money(self.amount_minor, self.order.currency)


class HistoryLine(Base):
    __tablename__ = "orders_history_line"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    stock_code: Mapped[str] = mapped_column(String(40))
    description: Mapped[str | None] = mapped_column(String(500))
    quantity: Mapped[int]
    unit_price_scaled: Mapped[int] = mapped_column("unit_price", BigInteger)
    amount_scaled: Mapped[int] = mapped_column("amount", BigInteger)
    invoiced_at: Mapped[datetime]
    duplicate: Mapped[bool]

    @property
    def unit_price(self) -> str:
        """What one cost, exactly."""
        return four_places(self.unit_price_scaled)

    @property
    def amount(self) -> str:
        """What the line cost, exactly."""
        return four_places(self.amount_scaled)
