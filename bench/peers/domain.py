"""What belongs to the shop and to no framework: ids, digests of tokens, cents, moments, cursors, roles.

Every peer that is written by hand takes these from here, so that none wins or loses by them.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import orjson

from talatat.db.ids import new_id

__all__ = [
    "BUYERS",
    "CLERKS",
    "CURRENCY",
    "PAGE",
    "TOUCH",
    "WRITERS",
    "cursor",
    "digest",
    "four_places",
    "minor_of",
    "money",
    "new_id",
    "now",
    "read_cursor",
    "stamp",
]

CURRENCY = "EUR"
PAGE = 50
LARGEST_PAGE = 500
#: Who may check out, who sees what others ordered, who may change products.
BUYERS = frozenset({"orders.buyer", "orders.clerk", "admin"})
CLERKS = frozenset({"orders.clerk", "admin"})
WRITERS = frozenset({"admin"})
#: That a token is used is written down at most once in a minute.
TOUCH = timedelta(seconds=60)


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def money(minor: int, currency: str = CURRENCY) -> dict[str, str]:
    """Cents as the API shows them."""
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": currency}


def minor_of(amount: str) -> int:
    """The cents of an amount such as 12.50. ValueError for anything else."""
    try:
        minor = Decimal(amount).scaleb(2)
    except InvalidOperation:
        raise ValueError("not an amount of money") from None
    if not minor.is_finite() or minor != int(minor) or minor < 0:
        raise ValueError("not an amount of whole cents")
    return int(minor)


def four_places(scaled: int) -> str:
    """A number kept with four decimals, without the zeros at its end."""
    return f"{Decimal(scaled).scaleb(-4):f}"


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def cursor(*values: Any) -> str:
    """Where a page ends, as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


def read_cursor(text: str, count: int) -> list[Any]:
    """The `count` values of a cursor, of which the last is an id. ValueError for another text."""
    values = orjson.loads(base64.urlsafe_b64decode(text.encode()))
    if not isinstance(values, list) or len(values) != count:
        raise ValueError("not a cursor of this list")
    UUID(values[-1])
    return values
