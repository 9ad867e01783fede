"""Encrypting anew what a former key encrypted, so that the key can be taken out.

Columns are gone through along their primary key, a transaction for each batch. A value is replaced only if
it still is what was read: what somebody writes meanwhile is encrypted with the current key anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from talatat.db.encrypted import Keys
    from talatat.db.session import Database

BATCH = 200


@dataclass
class Encryption:
    """What encrypted the values of one column, in numbers of values.

    `former` can be read with a key that is not current, `unreadable` with none of the ring.
    """

    column: str
    current: int = 0
    former: int = 0
    unreadable: int = 0


def examine(
    database: Database, column: sa.Column[Any], keys: Keys, *, renew: bool = False
) -> Encryption:
    """Count the values of an encrypted column; with `renew` those of former keys are encrypted anew.

    What was renewed counts as current.
    """
    found = Encryption(f"{column.table.name}.{column.name}")
    raw = _Raw(column)
    last: tuple[Any, ...] | None = None
    while True:
        with database.transaction(reading=not renew) as (_, session):
            rows = [tuple(row) for row in session.execute(raw.page(last))]
            for *key, text in rows:
                _look(found, session, raw, keys, tuple(key), text, renew)
        if len(rows) < BATCH:
            return found
        last = rows[-1][:-1]


def _look(
    found: Encryption,
    session: Any,
    raw: _Raw,
    keys: Keys,
    key: tuple[Any, ...],
    text: str,
    renew: bool,
) -> None:
    if keys.is_current(raw.purpose, text):
        found.current += 1
        return
    try:
        plain = keys.decrypt(raw.purpose, text)
    except ValueError:
        found.unreadable += 1
        return
    if not renew:
        found.former += 1
    elif session.execute(raw.write(key, text, keys.encrypt(raw.purpose, plain))).rowcount:
        found.current += 1


class _Raw:
    """An encrypted column and its table's key, as they stand in the database."""

    def __init__(self, column: sa.Column[Any]) -> None:
        self.purpose: bytes = column.type.purpose.encode()  # type: ignore[attr-defined]  # an Encrypted
        self.keys = [sa.column(one.name, one.type) for one in column.table.primary_key]
        self.text = sa.column(column.name, sa.Text())
        self.table = sa.table(column.table.name, *self.keys, self.text)

    def page(self, last: tuple[Any, ...] | None) -> Any:
        """The next rows: key and text."""
        query = sa.select(*self.keys, self.text).where(self.text.is_not(None))
        if last is not None:
            query = query.where(sa.tuple_(*self.keys) > last)
        return query.order_by(*self.keys).limit(BATCH)

    def write(self, key: tuple[Any, ...], before: str, after: str) -> Any:
        """UPDATE of one row, if it holds what it held."""
        same = (one == value for one, value in zip(self.keys, key, strict=True))
        return sa.update(self.table).where(*same, self.text == before).values({self.text: after})
