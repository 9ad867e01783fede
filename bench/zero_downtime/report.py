"""The figures, as JSON and as the page docs/zero-downtime.md."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, dataclass
from typing import Any

from bench.zero_downtime.load import Counts
from bench.zero_downtime.series import Phase

LONGEST_LOCK = 1000.0  # milliseconds

INTRODUCTION = """# Upgrading while everybody works

Two processes behind nginx serve a steady load: lists, reads, searches, creates and changes, over
connections that are kept alive. Meanwhile releases are applied, processes of the new release take the
place of old ones, what is no longer used is taken away, and one release is taken back. In between one
process is of an older release than the other. Every answer is counted, and a second session looks at all
locks of the database fifty times a second.

    {command}

Figures depend on the machine: read them as ratios. These are of {machine}, {at}.
"""

HOW = """
## How it is done

1. `talatat apply` with the new release installed, while processes of the old one serve. What adds is run;
   data is moved in batches; indexes are built concurrently. What takes something away waits, since the
   heartbeats of the old processes are seen.
2. A process of the new release is started; it is ready (`/readyz`) once all that it needs is there. It gets
   the place of an old one in front: here the name of a socket, exchanged by one rename. The old process
   answers what it has begun and is ended.
3. When the last old process has gone, `talatat apply` again takes away what nobody uses.

The way back is the same in the other direction: processes of the older release first, which the database
still serves, then `talatat rollback`. What was written to the table that goes is kept, and is there again when
the release is applied once more.

The locks in the table are those on tables that keep readers or writers out (ShareLock and stronger). A
longest wait is that of any session but the one that applies, for any lock, rows included.
"""


@dataclass(frozen=True)
class Figures:
    """What came of one run."""

    rows: int
    clients: int
    rate: float
    phases: list[Phase]
    counts: Counts
    samples: int
    left: dict[str, Any]
    nginx: str

    @property
    def plans(self) -> int:
        """How many plans were carried out."""
        return sum(1 for one in self.phases if one.plan)

    def totals(self) -> dict[str, Any]:
        """What is promised, and what it depends on."""
        return {
            "rows": self.rows,
            "plans under load": self.plans,
            "seconds": round(sum(one.seconds for one in self.phases), 1),
            "requests": sum(self.counts.statuses.values()),
            "5xx": self.counts.errors,
            "other than expected": self.counts.wrong - self.counts.errors,
            "broken connections": len(self.counts.broken),
            "connections opened by clients": self.counts.connections,
            "longest lock, ms": round(max(one.lock_ms for one in self.phases)),
            "longest wait for a lock, ms": round(max(one.wait_ms for one in self.phases)),
            "slowest answer, ms": round(max(one.slowest for one in self.phases)),
            "rows in the end": self.left["rows"],
            "rows lost": self.left["lost"],
            "rows wrong": self.left["wrong labels"],
            "samples of locks": self.samples,
        }

    def noticed(self) -> list[str]:
        """What somebody would have noticed; [] is what is promised."""
        found = [*self.counts.failures, *self.counts.broken]
        found += [
            f"{one.title}: {one.lock} was held for {one.lock_ms:.0f} ms"
            for one in self.phases
            if one.lock_ms > LONGEST_LOCK
        ]
        found += [
            f"{one.title}: a session waited {one.wait_ms:.0f} ms for a lock: {one.waited_for}"
            for one in self.phases
            if one.wait_ms > LONGEST_LOCK
        ]
        if self.left["lost"] or self.left["wrong labels"]:
            found.append(f"rows: {self.left}")
        if self.nginx:
            found.append(f"nginx: {self.nginx[:500]}")
        return found

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        phases = [asdict(one) for one in self.phases]
        return {"totals": self.totals(), "phases": phases, "noticed": self.noticed()}


def page(figures: Figures, command: str) -> str:
    """The page."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    at = time.strftime("%Y-%m-%d", time.gmtime())
    totals = [[name, f"{value:,}"] for name, value in figures.totals().items()]
    rows = [
        [
            one.title, one.serving, f"{one.seconds:.1f}", f"{one.requests:,}", f"{one.p50:.0f}",
            f"{one.p99:.0f}", f"{one.slowest:.0f}", f"{one.lock_ms:.0f} {one.lock}".strip(),
            f"{one.wait_ms:.0f}",
        ]
        for one in figures.phases
    ]  # fmt: skip
    head = ["what was done", "serving before", "s", "requests", "p50 ms", "p99 ms", "slowest ms",
            "longest lock, ms", "longest wait, ms"]  # fmt: skip
    return "\n".join(
        [
            INTRODUCTION.format(command=command, machine=machine, at=at),
            table(["figure", ""], totals),
            HOW,
            "## Phase by phase\n",
            table(head, rows),
        ]
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of a page."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
