"""The costs of requests that are not written yet, and the tables in which they are kept for two weeks.

All numbers are whole ones, times in nanoseconds, so that sums do not depend on who wrote what, and when.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from time import thread_time_ns, time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from zope.interface import Interface

from talatat.composition import PLATFORM
from talatat.db.base import NAMING_CONVENTION
from talatat.db.counting import SENT
from talatat.db.types import UTCDateTime, new_id, utcnow
from talatat.web.gathering import Gathered, upserting

if TYPE_CHECKING:
    from talatat.web.logging import RequestFinished

KEPT_DAYS = 14
HOUR = 3600
# A client may send any word as a method, and any path that no route has.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHERS = "(others)"
NO_ROUTE = ""

_metadata = sa.MetaData(naming_convention=NAMING_CONVENTION, info={"addon": PLATFORM})
_ADDED = ("requests", "refused", "errors", "retried", "wall_ns", "cpu_ns", "statements")
table = sa.Table(
    "talatat_cost",
    _metadata,
    sa.Column("hour", UTCDateTime, primary_key=True),
    sa.Column("addon", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("method", sa.Text, primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in (*_ADDED, "slowest_ns")),
)
writers = sa.Table(
    "talatat_cost_writer",
    _metadata,
    sa.Column("hour", UTCDateTime, primary_key=True),
    sa.Column("process", sa.Text, primary_key=True),
    sa.Column("written_at", UTCDateTime, nullable=False),
)

Key = tuple[int, str, str, str]
"""Hour since 1970, addon, route, method."""


@dataclass(slots=True)
class Cost:
    """Sums over requests. `refused` were answered 4xx, `errors` 5xx.

    `retried` are attempts that were thrown away: no requests of their own, though their times and statements
    count. `slowest_ns` is the longest attempt.
    """

    requests: int = 0
    refused: int = 0
    errors: int = 0
    retried: int = 0
    wall_ns: int = 0
    cpu_ns: int = 0
    statements: int = 0
    slowest_ns: int = 0

    def merge(self, other: Cost) -> None:
        """Add another's."""
        for name in _ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.slowest_ns = max(self.slowest_ns, other.slowest_ns)


class ICosts(Interface):
    """Under which name the registry keeps its `Costs`, where requests are counted."""


class Uncounted:
    """In the place of `Costs` where nobody counts."""

    @staticmethod
    def begin() -> tuple[int, int]:
        """Nothing."""
        return 0, 0

    def note(self, finished: RequestFinished, begun: tuple[int, int]) -> None:
        """Nothing."""


UNCOUNTED = Uncounted()


class Costs(Gathered[Key, Cost]):
    """Costs that are not written yet. Of each addon's routes, `most` are told apart until it writes."""

    what = "costs of requests"
    count = Cost
    most = 5000

    def reset(self) -> None:
        """A process of its own has a name of its own."""
        super().reset()
        self._process = str(new_id())

    @staticmethod
    def begin() -> tuple[int, int]:
        """What this thread has used so far: nanoseconds of the processor, statements."""
        return thread_time_ns(), SENT.count

    def note(self, finished: RequestFinished, begun: tuple[int, int]) -> None:
        """One attempt at a request. It is on every request's way: nothing here is worth a function."""
        cpu, sent = thread_time_ns() - begun[0], SENT.count - begun[1]
        wall = int(finished.seconds * 1e9)
        status = finished.status
        method = finished.request.environ["REQUEST_METHOD"]
        if method not in METHODS:
            method = OTHERS
        key = (int(time()) // HOUR, finished.addon, finished.route or NO_ROUTE, method)
        with self._lock:
            cost = self._counts.get(key) or self._cell(key)
            if finished.retried:
                cost.retried += 1
            else:
                cost.requests += 1
                if status >= 500:
                    cost.errors += 1
                elif status >= 400:
                    cost.refused += 1
            cost.wall_ns += wall
            cost.cpu_ns += cpu
            cost.statements += sent
            cost.slowest_ns = max(cost.slowest_ns, wall)
        if self._thread is None and self._system.serving:
            self._start()

    def flush(self) -> bool:
        """The same, once the database has been seen at the composition: before, it may have no table."""
        return self._system.release is not None and super().flush()

    def folded(self, key: Key) -> Key:
        """The addon's other routes."""
        return key[0], key[1], OTHERS, OTHERS

    def write(self, connection: sa.Connection, counts: Mapping[Key, Cost]) -> None:
        """One row for each route, method and hour; and that this process has written."""
        hours = sorted({key[0] for key in counts})
        insert = upserting(connection, table)
        sums = {name: table.c[name] + insert.excluded[name] for name in _ADDED}
        slowest, new = table.c.slowest_ns, insert.excluded.slowest_ns
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["hour", "addon", "route", "method"],
                set_={**sums, "slowest_ns": sa.case((new > slowest, new), else_=slowest)},
            ),
            [_row(key, counts[key]) for key in sorted(counts)],
        )
        insert = upserting(connection, writers)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["hour", "process"], set_={"written_at": insert.excluded.written_at}
            ),
            [
                {"hour": moment(one), "process": self._process, "written_at": utcnow()}
                for one in hours
            ],
        )
        oldest = utcnow() - dt.timedelta(days=KEPT_DAYS)
        for one in (table, writers):
            connection.execute(sa.delete(one).where(one.c.hour < oldest))


def moment(hour: int) -> dt.datetime:
    """When an hour began."""
    return dt.datetime.fromtimestamp(hour * HOUR, dt.UTC)


def _row(key: Key, cost: Cost) -> dict[str, object]:
    hour, addon, route, method = key
    found: dict[str, object] = {name: getattr(cost, name) for name in (*_ADDED, "slowest_ns")}
    return {**found, "hour": moment(hour), "addon": addon, "route": route, "method": method}
