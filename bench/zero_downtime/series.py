"""What happens under the load: plans that are applied, processes that take each other's place, a way back.

After the first phase the two places are always of two releases, the older one beside the newer. No step
waits for the load to pause, and the load never does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.zero_downtime.load import Load
from bench.zero_downtime.site import Failed, Site
from bench.zero_downtime.watching import Watching, now
from sqlalchemy import Engine, text

SEED = text("""
INSERT INTO parcels_parcel (id, version, code, weight, note, created_at, updated_at)
SELECT CAST('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid), 1, 'P' || n, n % 1000,
       'note ' || n, now(), now()
  FROM generate_series(0, :rows - 1) AS n
""")

# Written while the release is served that is taken back then: they have to be there again in the end.
EVENTS = text("""
INSERT INTO parcels_event (id, version, parcel_id, what, created_at, updated_at)
SELECT gen_random_uuid(), 1, id, 'sent', now(), now() FROM parcels_parcel ORDER BY id LIMIT 1000
""")


@dataclass
class Phase:
    """One thing that was done, and how it went for those who asked meanwhile. Times in milliseconds."""

    title: str
    serving: str
    seconds: float = 0.0
    requests: int = 0
    p50: float = 0.0
    p99: float = 0.0
    slowest: float = 0.0
    lock: str = ""
    lock_ms: float = 0.0
    wait_ms: float = 0.0
    waited_for: str = ""
    applied: list[str] = field(default_factory=list)
    plan: bool = False


@dataclass
class Series:
    """Runs phases one after the other; `rest` is the seconds of plain load between them."""

    site: Site
    load: Load
    watching: Watching
    engine: Engine
    rest: float
    say: Callable[[str], None]
    phases: list[Phase] = field(default_factory=list)

    def run(self) -> None:
        """The whole series. Raises Failed."""
        self._quiet("two processes of one release")
        self._plan("1.1", "expand: a column is added")
        self._change(1, "1.1")
        self._quiet("the older and the newer release side by side")
        self._plan("1.2", "a backfill of all rows, an index on them; contract waits", waits=True)
        self._change(2, "1.2")
        self._plan("1.2", "contract is asked for too early: it waits", waits=True)
        self._change(1, "1.2")
        self._plan("1.2", "contract: checked, required, a column dropped")
        self._plan("1.3", "expand: a table that refers to the rows")
        self._change(1, "1.3")
        self._quiet("the older and the newer release side by side")
        write_events(self.engine)
        self._change(1, "1.2", "the older release takes its place again")
        self._back(to=self._release("1.2"))
        self._plan("1.4", "the table again, and a second index on all rows")
        self._change(2, "1.4")
        self._change(1, "1.4")
        self._quiet("two processes of one release again")

    def _phase(self, title: str, work: Callable[[Phase], None], *, plan: bool = False) -> None:
        phase = Phase(title, self.site.versions(), plan=plan)
        self.say(f"{title} ({phase.serving})")
        self.watching.label = f"{len(self.phases)} {title}"
        began = now()
        work(phase)
        ended = now()
        self._measure(phase, began, ended)
        self.phases.append(phase)
        self.watching.label = ""

    def _measure(self, phase: Phase, began: float, ended: float) -> None:
        times = self.load.counts.between(began, ended)
        phase.seconds, phase.requests = ended - began, len(times)
        if times:
            phase.p50 = 1000 * times[len(times) // 2]
            phase.p99 = 1000 * times[min(len(times) - 1, len(times) * 99 // 100)]
            phase.slowest = 1000 * times[-1]
        label = self.watching.label
        holds = sorted(self.watching.holds(label), key=lambda one: -one.seconds)
        if holds:
            phase.lock = f"{holds[0].mode} on {holds[0].table}"
            phase.lock_ms = 1000 * holds[0].seconds
        wait = self.watching.wait(label)
        phase.wait_ms, phase.waited_for = 1000 * wait.seconds, wait.what
        self.say(
            f"    {phase.seconds:.1f} s, {phase.requests} requests, p99 {phase.p99:.0f} ms, "
            f"slowest {phase.slowest:.0f} ms, longest lock {phase.lock_ms:.0f} ms {phase.lock}, longest wait "
            f"{phase.wait_ms:.0f} ms; failed so far: {self.load.counts.failed}"
        )

    def _quiet(self, title: str) -> None:
        self._phase(f"nothing: {title}", lambda _: time.sleep(self.rest))

    def _plan(self, version: str, title: str, *, waits: bool = False) -> None:
        def apply(phase: Phase) -> None:
            told = json.loads(self.site.talatat(version, "apply", "--yes", "--json"))
            phase.applied = [one["revision"] for one in told["applied"]]
            if bool(told["waiting"]) is not waits:
                raise Failed(
                    f"{title}: contract steps {'do not wait' if waits else 'wait'}: {told}"
                )

        self._phase(f"apply {version}: {title}", apply, plan=True)

    def _change(self, place: int, version: str, title: str = "") -> None:
        told = title or "a new process takes the place of an old one"
        self._phase(f"serve {version}: {told}", lambda _: self.site.put(place, version))

    def _back(self, to: int) -> None:
        def rollback(phase: Phase) -> None:
            self.site.talatat("1.2", "rollback", "--to", str(to), "--yes")

        self._phase(f"rollback to release {to}", rollback, plan=True)

    def _release(self, version: str) -> int:
        """The number of the last release with a version of the addon."""
        query = text(
            "SELECT number, surface->'addons' AS addons FROM talatat_release ORDER BY number"
        )
        with self.engine.connect() as connection:
            found = [
                row.number
                for row in connection.execute(query)
                if any(one["version"] == version for one in row.addons)
            ]
        return max(found)


def write_events(engine: Engine) -> None:
    """A thousand rows for the table that comes and goes."""
    with engine.begin() as connection:
        connection.execute(EVENTS)


def seed(engine: Engine, rows: int) -> None:
    """Fill the table of the first release."""
    with engine.begin() as connection:
        connection.execute(SEED, {"rows": rows})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE parcels_parcel")


def left_over(engine: Engine, made: int, rows: int) -> dict[str, Any]:
    """What stands in the database in the end, beside what it should be."""
    query = text(
        "SELECT count(*), count(*) FILTER (WHERE label <> 'L-' || code) FROM parcels_parcel"
    )
    with engine.connect() as connection:
        count, wrong = connection.execute(query).one()
        events = connection.scalar(text("SELECT count(*) FROM parcels_event"))
    lost = rows + made + 1000 - count - (events or 0)
    return {"rows": count, "lost": lost, "wrong labels": wrong}
