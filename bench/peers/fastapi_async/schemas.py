"""What comes in and what goes out.

Follows: https://fastapi.tiangolo.com/tutorial/response-model/ and
https://docs.pydantic.dev/latest/concepts/models/#arbitrary-class-instances (from_attributes)
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from bench.peers.domain import minor_of
from pydantic import BaseModel, ConfigDict, Field, field_validator


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Money(BaseModel):
    amount: str
    currency: Literal["EUR"]

    @field_validator("amount")
    @classmethod
    def whole_cents(cls, value: str) -> str:
        """Refuse what is no amount."""
        minor_of(value)
        return value


class ProductOut(Shown):
    id: UUID
    sku: str
    title: str
    supplier: str
    price: Money
    stock: int | None
    created_at: datetime
    updated_at: datetime


class ProductPage(BaseModel):
    items: list[ProductOut]
    next: str | None
    prev: str | None


class ProductPatch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    stock: Annotated[int, Field(ge=0, lt=2**31, strict=True)]


class WantedLine(BaseModel):
    product_id: UUID
    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    expected_price: Money | None = None


class CheckoutIn(BaseModel):
    customer_id: UUID
    lines: Annotated[list[WantedLine], Field(min_length=1, max_length=1000)]


class LineOut(Shown):
    product_id: UUID
    sku: str | None
    title: str
    quantity: int
    unit_price: Money
    amount: Money


class OrderOut(Shown):
    id: UUID
    customer_id: UUID
    state: str
    lines: list[LineOut]
    total: Money
    paid_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    created_at: datetime


class HistoryOut(Shown):
    id: UUID
    stock_code: str
    description: str | None
    quantity: int
    unit_price: str
    amount: str
    invoiced_at: datetime
    duplicate: bool


class HistoryPage(BaseModel):
    items: list[HistoryOut]
    next: str | None
    prev: str | None
