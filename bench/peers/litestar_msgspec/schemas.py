"""What comes in and what goes out.

Follows: https://jcristharif.com/msgspec/structs.html and https://jcristharif.com/msgspec/constraints.html
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from bench.peers.domain import minor_of
from msgspec import Meta, Struct


class Money(Struct):
    amount: str
    currency: Literal["EUR"]

    def __post_init__(self) -> None:
        minor_of(self.amount)


class ProductOut(Struct):
    id: UUID
    sku: str
    title: str
    supplier: str
    price: dict[str, str]
    stock: int | None
    created_at: datetime
    updated_at: datetime


class ProductPage(Struct):
    items: list[ProductOut]
    next: str | None
    prev: str | None = None


class ProductPatch(Struct, forbid_unknown_fields=True):
    stock: Annotated[int, Meta(ge=0, lt=2**31)]


class WantedLine(Struct):
    product_id: UUID
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    expected_price: Money | None = None


class CheckoutIn(Struct):
    customer_id: UUID
    lines: Annotated[list[WantedLine], Meta(min_length=1, max_length=1000)]


class LineOut(Struct):
    product_id: UUID | None
    sku: str | None
    title: str
    quantity: int
    unit_price: dict[str, str]
    amount: dict[str, str]


class OrderOut(Struct):
    id: UUID
    customer_id: UUID
    state: str
    lines: list[LineOut]
    total: dict[str, str]
    paid_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    created_at: datetime


class HistoryOut(Struct):
    id: UUID
    stock_code: str
    description: str | None
    quantity: int
    unit_price: str
    amount: str
    invoiced_at: datetime
    duplicate: bool


class HistoryPage(Struct):
    items: list[HistoryOut]
    next: str | None
    prev: str | None = None
