"""Who uses what is deprecated, by operation, client and day; see `gathering`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from talatat.db.base import NAMING_CONVENTION
from talatat.db.types import UTCDateTime, utcnow
from talatat.web.gathering import Gathered, upserting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OTHERS = "others"
SHOWN_DAYS = 30
KEPT_DAYS = 400
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)

table = sa.Table(
    "talatat_deprecated_use",
    sa.MetaData(naming_convention=NAMING_CONVENTION, info={"addon": "talatat"}),
    sa.Column("operation", sa.Text, primary_key=True),
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("uses", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", UTCDateTime, nullable=False),
)

Key = tuple[str, str, dt.date]


@dataclass
class Count:
    """How often, and when last."""

    uses: int = 0
    last: dt.datetime = NEVER

    def merge(self, other: Count) -> None:
        """Add another's."""
        self.uses += other.uses
        self.last = max(self.last, other.last)


class DeprecatedUses(Gathered[Key, Count]):
    """Uses that are not written yet. Of the clients of one process `most` are told apart until it writes."""

    what = "uses of what is deprecated"
    count = Count

    def note(self, operation: str, client: str) -> None:
        """One use, now."""
        moment = utcnow()
        self.add((operation, client, moment.date()), Count(1, moment))

    def folded(self, key: Key) -> Key:
        """The operation's other clients."""
        return key[0], OTHERS, key[2]

    def write(self, connection: sa.Connection, counts: Mapping[Key, Count]) -> None:
        """One row for each operation, client and day."""
        insert = upserting(connection, table)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["operation", "client", "day"],
                set_={
                    "uses": table.c.uses + insert.excluded.uses,
                    "last_used_at": insert.excluded.last_used_at,
                },
            ),
            [
                {"operation": key[0], "client": key[1], "day": key[2],
                 "uses": counts[key].uses, "last_used_at": counts[key].last}
                for key in sorted(counts)
            ],
        )  # fmt: skip
        oldest = max(day for _, _, day in counts) - dt.timedelta(days=KEPT_DAYS)
        connection.execute(sa.delete(table).where(table.c.day < oldest))


def used(session: Session) -> list[dict[str, Any]]:
    """Each operation that was used in the last days, with its uses, its clients and the last moment."""
    since = utcnow().date() - dt.timedelta(days=SHOWN_DAYS)
    query = (
        sa.select(
            table.c.operation,
            table.c.client,
            sa.func.sum(table.c.uses).label("uses"),
            sa.func.max(table.c.last_used_at, type_=UTCDateTime).label("last"),
        )
        .where(table.c.day >= since)
        .group_by(table.c.operation, table.c.client)
        .order_by(table.c.operation, table.c.client)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in session.execute(query):
        one = found.setdefault(
            row.operation, {"operation": row.operation, "uses": 0, "clients": {}, "last": row.last}
        )
        one["uses"] += int(row.uses)
        one["clients"][row.client] = int(row.uses)
        one["last"] = max(one["last"], row.last)
    return list(found.values())
