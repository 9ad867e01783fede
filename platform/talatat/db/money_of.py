"""`MoneyOf`: two columns of a model as money.

    class Product(Record, Base):
        price_minor: Mapped[int] = mapped_column(sa.BigInteger)
        currency: Mapped[str] = mapped_column(sa.CHAR(3))

        price = MoneyOf("price_minor", "currency", "The price as money.")

It is a property, and says of which columns: lists show it from those, without an entity and without a `Money`. A
currency that is not the row's own is named by a path (`order.currency`); such a property is not set.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from talatat.db.money import Money


class MoneyOf(property):
    """Money of an amount in minor units and a currency; None where there is no amount."""

    def __init__(self, minor: str, currency: str = "currency", doc: str | None = None) -> None:
        self.columns = (minor, currency)
        amount, kind = attrgetter(minor), attrgetter(currency)

        def get(row: Any) -> Money | None:
            units = amount(row)
            return None if units is None else Money.from_minor(units, kind(row))

        *owners, last = currency.split(".")

        def show(entity: Any) -> dict[str, str] | None:
            loaded = entity.__dict__
            units = loaded[minor] if minor in loaded else amount(entity)
            if units is None:
                return None
            for owner in owners:
                entity = loaded[owner] if owner in loaded else getattr(entity, owner)
                loaded = entity.__dict__
            return Money.shown(units, loaded[last] if last in loaded else getattr(entity, last))

        # What `get(entity).to_json()` gives of a mapped entity, whose loaded columns are in its `__dict__`.
        self.show = show

        def put(row: Any, value: Money) -> None:
            setattr(row, minor, value.minor)
            setattr(row, currency, value.currency)

        super().__init__(get, None if "." in currency else put)
        self.__doc__ = doc
