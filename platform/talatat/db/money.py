"""Money: an exact amount in one currency, stored as an integer of the currency's minor unit.

A model keeps two columns (`price_minor BIGINT`, `currency CHAR(3)`); `Money` is what Python and the
API see: `{"amount": "12.50", "currency": "EUR"}`. Nothing is ever rounded without being asked to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

# ISO 4217: decimals of the currencies that do not have two.
_DECIMALS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_CODE = re.compile(r"[A-Z]{3}")
# Far more than any column holds. A few characters write a number of which no integer is made in time: 1e999999.
_MOST_DIGITS = 60


def decimals_of(currency: str) -> int:
    """Return how many decimals the minor unit of `currency` has (2 for most, 0 for JPY)."""
    return _DECIMALS.get(currency, 2)


class Money:
    """An amount of a currency. Equal when amount and currency are; adds only to its own currency.

    What came from minor units keeps them: a price of a table is shown without ever being a Decimal.
    """

    __slots__ = ("_amount", "_minor", "currency")

    currency: str
    _amount: Decimal | None
    _minor: int | None

    def __init__(self, amount: Decimal, currency: str) -> None:
        if not isinstance(amount, Decimal) or not amount.is_finite():
            raise ValueError(f"{amount!r} is not an amount of money: give a finite Decimal")
        _check_currency(currency)
        _set_amount(self, amount)
        _set_minor(self, None)
        _set_currency(self, currency)

    @classmethod
    def from_minor(cls, units: int, currency: str) -> Money:
        """Return the money that `units` of the minor unit (cents) are."""
        if type(units) is not int:
            return cls(Decimal(units).scaleb(-decimals_of(currency)), currency)
        if currency not in _SEEN:
            _check_currency(currency)
        made = cls.__new__(cls)
        _set_amount(made, None)
        _set_minor(made, units)
        _set_currency(made, currency)
        return made

    @property
    def amount(self) -> Decimal:
        """The amount, with the decimals that it was given."""
        found = self._amount
        if found is None:
            assert self._minor is not None
            found = Decimal(self._minor).scaleb(-decimals_of(self.currency))
            _set_amount(self, found)
        return found

    @classmethod
    def from_json(cls, value: object) -> Money:
        """Read `{"amount": "12.50", "currency": "EUR"}`; raises ValueError for any other shape."""
        if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
            raise ValueError('money is {"amount": "12.50", "currency": "EUR"}')
        amount = value["amount"]
        if not isinstance(amount, str):
            raise ValueError("an amount of money is a string of decimal digits")
        try:
            return cls(Decimal(amount), value["currency"])
        except InvalidOperation:
            raise ValueError(f"{amount!r} is not an amount of money") from None

    @property
    def minor(self) -> int:
        """The amount in minor units. Raises ValueError when it has more decimals than the currency, or is huge."""
        if self._minor is not None:
            return self._minor
        if self.amount and self.amount.adjusted() >= _MOST_DIGITS:
            raise ValueError(f"{self.amount} has more than {_MOST_DIGITS} digits")
        scaled = self.amount.scaleb(decimals_of(self.currency))
        if scaled != scaled.to_integral_value():
            raise ValueError(
                f"{self.amount} has more than {decimals_of(self.currency)} decimals of {self.currency}"
            )
        return int(scaled)

    def rounded(self) -> Money:
        """Return this money rounded half to even to the currency's minor unit."""
        unit = Decimal(1).scaleb(-decimals_of(self.currency))
        return Money(self.amount.quantize(unit, rounding=ROUND_HALF_EVEN), self.currency)

    def to_json(self) -> dict[str, str]:
        """Return the API's form, with at least the currency's decimals written out."""
        currency, minor = self.currency, self._minor
        if minor is not None and currency not in _DECIMALS:  # nearly all there are
            if minor > 99:
                text = str(minor)
                return {"amount": f"{text[:-2]}.{text[-2:]}", "currency": currency}
            sign, units = ("-", -minor) if minor < 0 else ("", minor)
            return {"amount": f"{sign}{units // 100}.{units % 100:02}", "currency": currency}
        places = decimals_of(currency)
        exponent = self.amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent < places:
            return {"amount": f"{self.amount:.{places}f}", "currency": self.currency}
        return {"amount": f"{self.amount:f}", "currency": self.currency}

    @classmethod
    def written(cls, amount: str, currency: str) -> Money:
        """The money of an amount in decimal digits, such as 12.50."""
        if amount[-3:-2] == "." and currency in _SEEN and currency not in _DECIMALS:
            return cls.from_minor(int(amount[:-3] + amount[-2:]), currency)
        return cls(Decimal(amount), currency)

    @classmethod
    def shown(cls, units: int, currency: str) -> dict[str, str]:
        """`to_json` of the money that `units` of the minor unit are."""
        if units > 99 and currency in _SEEN and currency not in _DECIMALS:
            text = str(units)
            return {"amount": f"{text[:-2]}.{text[-2:]}", "currency": currency}
        return cls.from_minor(units, currency).to_json()

    @classmethod
    def all_shown(cls, amounts: Iterable[tuple[int | None, str]]) -> list[dict[str, str] | None]:
        """`shown` for the amounts of many rows; None for one that is None."""
        found: list[dict[str, str] | None] = []
        for units, currency in amounts:
            if units is None:
                found.append(None)
            elif units > 99 and currency in _SEEN and currency not in _DECIMALS:
                text = str(units)
                found.append({"amount": f"{text[:-2]}.{text[-2:]}", "currency": currency})
            else:
                found.append(cls.shown(units, currency))
        return found

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self.amount * factor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        if self.currency != other.currency:
            return False
        mine, theirs = self._minor, other._minor
        if mine is None or theirs is None:
            return self.amount == other.amount
        return mine == theirs

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"money does not change: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"money does not change: {name} cannot be taken away")

    def __reduce__(self) -> tuple[type[Money], tuple[Decimal, str]]:
        return type(self), (self.amount, self.currency)

    def __repr__(self) -> str:
        return f"Money(amount={self.amount!r}, currency={self.currency!r})"

    def __str__(self) -> str:
        return f"{self.to_json()['amount']} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise ValueError(f"{other} and {self} are not of one currency")
        return other.amount


_set_amount: Any = Money.__dict__["_amount"].__set__
_set_minor: Any = Money.__dict__["_minor"].__set__
_set_currency: Any = Money.__dict__["currency"].__set__
_SEEN: set[str] = set()  # currencies that are well written; there are 17,576 at most


def _check_currency(currency: str) -> None:
    if not isinstance(currency, str) or not _CODE.fullmatch(currency):
        raise ValueError(f"{currency!r} is not a currency: give a code such as EUR")
    _SEEN.add(currency)
