"""Column types that mean the same on SQLite and on PostgreSQL.

Each refuses what one of the databases would store differently or not at all, with a ValueError that
says why, before the statement is sent. They are used in models and in migrations alike:

    from talatat.db import types as t
    op.create_table("catalog_product", sa.Column("id", t.UUIDv7(), primary_key=True), ...)
"""

from __future__ import annotations

import operator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import CHAR, TypeDecorator, TypeEngine

from talatat.db.ids import canonical_id, is_id, known_id, new_id
from talatat.db.money import Money, decimals_of

__all__ = [
    "Decimal4",
    "JSONDocument",
    "Money",
    "Scaled",
    "UTCDateTime",
    "UUIDv7",
    "canonical_id",
    "decimals_of",
    "is_id",
    "new_id",
    "utcnow",
]

BIGINT = range(-(2**63), 2**63)


def utcnow() -> datetime:
    """Return the present moment, with its time zone (UTC)."""
    return datetime.now(UTC)


class UUIDv7(TypeDecorator[str]):
    """An id: a canonical string in Python, `uuid` on PostgreSQL, CHAR(36) on SQLite.

    Any UUID is accepted (a client may bring its own with PUT); new ones come from `new_id()`.
    """

    impl = CHAR(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(UUID(as_uuid=False))
        return dialect.type_descriptor(CHAR(36))

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return known_id(value)

    def bind_processor(self, dialect: Dialect) -> Any:
        """One call for a value: a text is all that the implementation's type asks for."""
        return known_id

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return _text_of(value)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """One call for a value: what the implementation's type would do to it comes to the same."""
        return _text_of


def _text_of(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, to the microsecond: aware and in UTC in Python, `timestamptz` on PostgreSQL.

    A datetime without a time zone is refused: nobody can know which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> datetime | None:
        moment = _aware(value)
        if moment is None or dialect.name == "postgresql":
            return moment
        return moment.replace(tzinfo=None)

    def bind_processor(self, dialect: Dialect) -> Any:
        """One call for a value, where the driver takes moments themselves."""
        if dialect.name != "postgresql":
            return super().bind_processor(dialect)
        return _aware

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """One call for a value, where the driver gives moments themselves."""
        if dialect.name != "postgresql":
            return super().result_processor(dialect, coltype)
        return _in_utc


def _aware(value: Any) -> datetime | None:
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    if value is None:
        return None
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError(f"{value!r} is not a datetime with a time zone")
    return value.astimezone(UTC)


def _in_utc(value: datetime | None) -> datetime | None:
    """The moment in UTC; the time zone of a connection is UTC, under whichever name."""
    return None if value is None else value.astimezone(UTC)


class JSONDocument(TypeDecorator[Any]):
    """A JSON value: JSONB on PostgreSQL, text on SQLite. None is SQL NULL.

    A change inside a stored document is not seen: assign a new value. Integers are of 64 bits.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        # `document["key"]` needs the JSON types' own rules for indexes and paths.
        return self.impl_instance.coerce_compared_value(op, value)


class Scaled(TypeDecorator[Decimal]):
    """An exact decimal of fixed places, stored as a BIGINT: SQLite has no exact decimals of its own.

    `Scaled(4)` holds 1.2345 as 12345. More places than it has are refused, never rounded. `func.sum`
    of such a column is exact on both databases; times an integer it keeps its places.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise ValueError(f"{value!r} is a float: give a Decimal")
        try:
            scaled = Decimal(value).scaleb(self.places)
            units = int(scaled)
        except (InvalidOperation, OverflowError, TypeError, ValueError):
            raise ValueError(f"{value!r} is not a decimal number") from None
        if units != scaled:
            raise ValueError(f"{value} has more than {self.places} decimals")
        if units not in BIGINT:
            raise ValueError(f"{value} is too large")
        return units

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.places)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """One call for a value: both drivers give integers as they are (a sum is a decimal)."""
        places = -self.places

        def scaled(value: Any) -> Decimal | None:
            return None if value is None else Decimal(value).scaleb(places)

        return scaled

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return Integer() if op is operator.mul else self

    class comparator_factory(TypeDecorator.Comparator[Decimal]):  # noqa: N801  # SQLAlchemy's name
        """Keeps the places of a product: `quantity * unit_price` is of the price's type."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            result = super().operate(op, *other, **kwargs)
            return type_coerce(result, self.type) if op is operator.mul else result

        def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
            result = super().reverse_operate(op, other, **kwargs)
            return type_coerce(result, self.type) if op is operator.mul else result


class Decimal4(Scaled):
    """A decimal of four places: unit prices of imported history."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(4)
