"""One line of an exported invoice, read exactly or refused with a code. Pure: no database, no framework.

Real exports hold returns (a negative quantity), cancellations (``C...``) and adjustments (``A...``),
charges between the goods (``POST``, ``BANK CHARGES``), lines without customer or description, prices
of nothing and below, customer numbers that a spreadsheet made floats of (``17850.0``). All of that is
history and is kept. Refused is only what cannot be read; its amount is reported as far as its quantity
and price can be read, so that what was loaded and what was refused sum to the source's total.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
KINDS = {"C": "cancellation", "A": "adjustment"}
NOTHING = Decimal(0)
#: Amounts are kept as ten-thousandths in 64 bits.
LARGEST = Decimal(10) ** 14
LARGEST_QUANTITY = 2**31 - 1

_INVOICE = re.compile(r"[A-Z]?[0-9]{1,18}\Z")
_WHOLE = re.compile(r"(-?[0-9]{1,18})(?:\.0{1,18})?\Z")
_PRICE = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?\Z")
# Five digits and a letter or two for the colour or size; two families of goods without a number.
_GOODS = re.compile(r"[0-9]{5}[A-Za-z]{0,2}\Z|DCGS\w+\Z|PADS\Z")


class LineError(ValueError):
    """A line that cannot be kept: a stable ``code``, a ``detail`` for people, the line's ``amount``."""

    def __init__(self, code: str, detail: str, amount: Decimal = NOTHING) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.amount = amount


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line that was understood. ``fingerprint`` is the same for exact duplicates only."""

    invoice_no: str
    stock_code: str
    description: str | None
    quantity: int
    invoiced_at: datetime
    unit_price: Decimal
    customer_no: str | None
    country: str | None
    fingerprint: int

    @property
    def amount(self) -> Decimal:
        """Quantity times price, to the last decimal; negative for what was given back."""
        return self.quantity * self.unit_price

    @property
    def kind(self) -> str:
        """What the invoice is: ``sale``, ``cancellation`` or ``adjustment``."""
        return KINDS.get(self.invoice_no[0], "sale")

    @property
    def goods(self) -> bool:
        """Whether the code names something sold, rather than postage, a fee or a voucher."""
        return _GOODS.match(self.stock_code) is not None


def read_line(data: Mapping[str, str | None]) -> InvoiceLine:
    """Read one record of the export by its column names; raises LineError."""
    try:
        fields = [data[name] or "" for name in COLUMNS]
    except KeyError as error:
        raise LineError("missing_column", f"There is no column {error.args[0]}.") from None
    if len(data) != len(COLUMNS):
        raise LineError("column_count", f"{len(data)} columns where {len(COLUMNS)} belong.")
    invoice, code, description, quantity, date, price, customer, country = fields
    amount = _amount(quantity, price)
    try:
        return InvoiceLine(
            _invoice(invoice.strip()),
            _text("StockCode", code.strip(), 40),
            _text("Description", description.strip(), 500) if description.strip() else None,
            _quantity(quantity.strip()),
            _date(date.strip()),
            _price(price.strip()),
            _customer(customer.strip()),
            _text("Country", country.strip(), 80) if country.strip() else None,
            _fingerprint(fields),
        )
    except LineError as error:
        error.amount = amount
        raise error from None


def _amount(quantity: str, price: str) -> Decimal:
    """The amount of a line whether or not the rest of it can be read; refuses what 64 bits cannot hold."""
    whole = _WHOLE.match(quantity.strip())
    if whole is None or _PRICE.match(price.strip()) is None:
        return NOTHING
    amount = int(whole[1]) * Decimal(price.strip())
    if abs(amount) > LARGEST:
        raise LineError("amount_too_large", f"{quantity} times {price} is too large.", amount)
    return amount


def _invoice(text: str) -> str:
    if _INVOICE.match(text) is None:
        raise LineError("bad_invoice", f"InvoiceNo {text[:40]!r} is no invoice number.")
    return text


def _text(name: str, text: str, limit: int) -> str:
    if not text:
        raise LineError("missing_value", f"{name} is empty.")
    if len(text) > limit:
        raise LineError("too_long", f"{name} has {len(text)} characters; {limit} are kept.")
    if "\x00" in text:
        raise LineError("bad_text", f"{name} holds a null character.")
    return text


@lru_cache(4096)
def _quantity(text: str) -> int:
    found = _WHOLE.match(text)
    if found is None or abs(int(found[1])) > LARGEST_QUANTITY:
        raise LineError("bad_quantity", f"Quantity {text[:40]!r} is no whole number.")
    return int(found[1])


@lru_cache(4096)
def _price(text: str) -> Decimal:
    if _PRICE.match(text) is None:
        raise LineError("bad_price", f"UnitPrice {text[:40]!r} is no price.")
    price = Decimal(text)
    if price != round(price, 4):
        raise LineError("price_precision", f"UnitPrice {text[:40]} has more than four decimals.")
    if abs(price) > LARGEST:
        raise LineError("amount_too_large", f"UnitPrice {text[:40]} is too large.")
    return price


@lru_cache(4096)
def _date(text: str) -> datetime:
    """The export names no zone: its times are taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise LineError("bad_date", f"InvoiceDate {text[:40]!r} is no date and time.") from None


@lru_cache(8192)
def _customer(text: str) -> str | None:
    if not text:
        return None
    found = _WHOLE.match(text)
    if found is None:
        raise LineError("bad_customer", f"CustomerID {text[:40]!r} is no customer number.")
    return found[1]


def _fingerprint(fields: list[str]) -> int:
    """64 bits that stand for the whole line.

    Should two lines ever share them, the second is kept and flagged a duplicate: nothing is lost.
    """
    digest = blake2b("\x1f".join(fields).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
