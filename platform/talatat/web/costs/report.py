"""What requests have cost, read from the table: for the command line, and for whoever asks `/api/costs`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from talatat.db.types import UTCDateTime
from talatat.schema.types import format_timestamp
from talatat.web.costs.counting import HOUR, NO_ROUTE, Cost, moment, table, writers

PERIOD = re.compile(r"([1-9][0-9]{0,3})([hd])")
PERIOD_FORM = "write hours or days, such as 24h or 7d"
GROUPS = {"addon": ("addon",), "route": ("addon", "route", "method")}
SORTS = {
    "time": "wall_ns",
    "cpu": "cpu_ns",
    "statements": "statements",
    "errors": "errors",
    "requests": "requests",
}
_SUMS = tuple(name for name in Cost.__slots__ if name != "slowest_ns")


@dataclass(frozen=True)
class Line:
    """The cost of an addon's requests, or of one route's and method's; `share` is of all time, 0 to 1."""

    addon: str | None
    route: str | None
    method: str | None
    cost: Cost
    share: float

    @property
    def mean_ms(self) -> float:
        """Milliseconds of a request, attempts that were thrown away included."""
        return self._each(self.cost.wall_ns) / 1e6

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the processor for a request."""
        return self._each(self.cost.cpu_ns) / 1e6

    @property
    def statements(self) -> float:
        """Statements of a request."""
        return self._each(self.cost.statements)

    def _each(self, total: int) -> float:
        # Requests whose every attempt so far was thrown away are none yet.
        return total / max(self.cost.requests, 1)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "addon": self.addon,
            "route": self.route,
            "method": self.method,
            "requests": self.cost.requests,
            "refused": self.cost.refused,
            "errors": self.cost.errors,
            "retried": self.cost.retried,
            "seconds": round(self.cost.wall_ns / 1e9, 3),
            "cpu_seconds": round(self.cost.cpu_ns / 1e9, 3),
            "statements": self.cost.statements,
            "share": round(self.share, 4),
            "mean_ms": round(self.mean_ms, 3),
            "slowest_ms": round(self.cost.slowest_ns / 1e6, 3),
            "cpu_ms": round(self.cpu_ms, 3),
            "statements_per_request": round(self.statements, 2),
        }


@dataclass(frozen=True)
class Report:
    """Costs of whole hours. `first` is when the first of them began, `last` when one was written last.

    Both are None where nothing was counted; `known_since` is the first hour that is kept at all.
    """

    since: dt.datetime
    first: dt.datetime | None
    last: dt.datetime | None
    known_since: dt.datetime | None
    processes: int
    total: Line
    lines: Sequence[Line]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        total = self.total.as_json()
        return {
            "since_at": format_timestamp(self.since),
            "first_at": self.first and format_timestamp(self.first),
            "last_at": self.last and format_timestamp(self.last),
            "processes": self.processes,
            "total": {name: total[name] for name in total if name not in GROUPS["route"]},
            "costs": [one.as_json() for one in self.lines],
        }


def beginning(period: str, now: dt.datetime) -> dt.datetime:
    """When the hour began in which a period such as `24h` or `7d` began; ValueError with what to write."""
    match = PERIOD.fullmatch(period)
    if match is None:
        raise ValueError(PERIOD_FORM)
    hours = int(match[1]) * (24 if match[2] == "d" else 1)
    return moment(int(now.timestamp()) // HOUR - hours)


def report(
    connection: sa.Connection,
    since: dt.datetime,
    by: str = "addon",
    sort: str = "time",
    addon: str | None = None,
) -> Report:
    """What was counted since an hour, the dearest first; shares are of the time of all addons."""
    names = GROUPS[by]
    sums = [sa.func.sum(table.c[name]).label(name) for name in _SUMS]
    query = (
        sa.select(*(table.c[name] for name in names), *sums,
                  sa.func.max(table.c.slowest_ns).label("slowest_ns"))
        .where(table.c.hour >= since)
        .group_by(*(table.c[name] for name in names))
    )  # fmt: skip
    found = [(row, _cost(row)) for row in connection.execute(query).mappings()]
    total = Cost()
    for _, cost in found:
        total.merge(cost)
    lines = [
        _line(row, cost, total) for row, cost in found if addon is None or row["addon"] == addon
    ]
    lines.sort(key=lambda one: (-getattr(one.cost, SORTS[sort]), -one.cost.wall_ns, _name(one)))
    written = _written(connection, since)
    return Report(since, *written, Line(None, None, None, total, 1.0 if found else 0.0), lines)


def _written(
    connection: sa.Connection, since: dt.datetime
) -> tuple[dt.datetime | None, dt.datetime | None, dt.datetime | None, int]:
    def moments(function: Any, column: Any) -> Any:
        return function(column, type_=UTCDateTime)

    known = connection.scalar(sa.select(moments(sa.func.min, writers.c.hour)))
    first, last, processes = connection.execute(
        sa.select(
            moments(sa.func.min, writers.c.hour),
            moments(sa.func.max, writers.c.written_at),
            sa.func.count(writers.c.process.distinct()),
        ).where(writers.c.hour >= since)
    ).one()
    return first, last, known, processes


def _cost(row: Any) -> Cost:
    return Cost(**{name: int(row[name]) for name in Cost.__slots__})


def _line(row: Any, cost: Cost, total: Cost) -> Line:
    route = row.get("route")
    share = cost.wall_ns / total.wall_ns if total.wall_ns else 0.0
    return Line(row["addon"], None if route == NO_ROUTE else route, row.get("method"), cost, share)


def _name(line: Line) -> tuple[str, str, str]:
    return line.addon or "", line.route or "", line.method or ""
