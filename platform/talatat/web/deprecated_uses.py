"""Who uses what is deprecated: counted in memory, written together by a thread of its own.

A request only adds to a dict. What was gathered is written every ten seconds at most and when the process
ends; where the database cannot be written to, it waits for the next time.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from talatat.db.base import NAMING_CONVENTION
from talatat.db.types import UTCDateTime, utcnow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

EVERY = 10.0
# Clients that a process tells apart until it writes; the rest are counted together.
MOST = 1000
OTHERS = "others"
SHOWN_DAYS = 30
KEPT_DAYS = 400

table = sa.Table(
    "talatat_deprecated_use",
    sa.MetaData(naming_convention=NAMING_CONVENTION, info={"addon": "talatat"}),
    sa.Column("operation", sa.Text, primary_key=True),
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("uses", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", UTCDateTime, nullable=False),
)
INSERT = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}

Key = tuple[str, str, dt.date]


@dataclass
class Count:
    """How often, and when last."""

    uses: int
    last: dt.datetime


class DeprecatedUses:
    """The counts of one composed system that are not written yet."""

    def __init__(self, system: Any) -> None:
        self._system = system
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._counts: dict[Key, Count] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, operation: str, client: str) -> None:
        """One use, now. Asks nothing of the database."""
        if self._pid != os.getpid():  # a fork's threads stay behind, and so does what they counted
            self._reset()
        moment = utcnow()
        with self._lock:
            self._add((operation, client, moment.date()), Count(1, moment))
            if self._thread is None and self._system.serving:
                self._start()

    def flush(self) -> bool:
        """Write what was gathered; whether that was possible. What was not written is kept."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return True
        try:
            with self._system.database.transaction() as (_, session):
                write(session, counts)
        except Exception as error:  # noqa: BLE001  # whatever ails the database, nobody waits for this
            log.warning("uses of what is deprecated are written later: %s", error)
            with self._lock:
                for key, count in counts.items():
                    self._add(key, count)
            return False
        return True

    def stop(self) -> None:
        """End the thread and write what is left; the process goes."""
        if self._pid != os.getpid():
            return
        self._ending.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(EVERY)
        atexit.unregister(self.stop)
        self.flush()

    def _add(self, key: Key, count: Count) -> None:
        if key not in self._counts and len(self._counts) >= MOST:
            key = (key[0], OTHERS, key[2])
        known = self._counts.setdefault(key, Count(0, count.last))
        known.uses += count.uses
        known.last = max(known.last, count.last)

    def _start(self) -> None:
        self._thread = threading.Thread(
            target=self._run, args=(self._ending,), name="talatat-deprecated", daemon=True
        )
        self._thread.start()
        atexit.register(self.stop)

    def _run(self, ending: threading.Event) -> None:
        while not ending.wait(EVERY):
            self.flush()


def write(session: Session, counts: Mapping[Key, Count]) -> None:
    """Add the counts to those in the database, in one order for all processes; forget what is old."""
    insert: Any = INSERT[session.get_bind().dialect.name](table)
    statement = insert.on_conflict_do_update(
        index_elements=["operation", "client", "day"],
        set_={
            "uses": table.c.uses + insert.excluded.uses,
            "last_used_at": insert.excluded.last_used_at,
        },
    )
    session.execute(
        statement,
        [
            {"operation": key[0], "client": key[1], "day": key[2],
             "uses": counts[key].uses, "last_used_at": counts[key].last}
            for key in sorted(counts)
        ],
    )  # fmt: skip
    oldest = max(day for _, _, day in counts) - dt.timedelta(days=KEPT_DAYS)
    session.execute(sa.delete(table).where(table.c.day < oldest))


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
