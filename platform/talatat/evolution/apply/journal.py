"""The journal: which plan runs, which of its steps are done, and how far a backfill came.

Its rows are written in the transactions of the steps themselves, so that after a kill they say what is.
Before the platform's first revisions have been run there is no journal: the version tables alone say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, inspect, select, update

from talatat.db.types import utcnow
from talatat.evolution.model import Plan, Step
from talatat.evolution.tables import journal as steps
from talatat.evolution.tables import plans

DIRECT = "direct"  # the plan of a run that has none: a test's or a development start


@dataclass
class Journal:
    """The journal of one run."""

    connection: Connection
    plan: str = DIRECT
    _there: bool = field(default=False, init=False)
    _waiting: tuple[Plan, str] | None = field(default=None, init=False)

    @property
    def there(self) -> bool:
        """Whether the tables have been made."""
        if not self._there:
            self._there = bool(inspect(self.connection).has_table(steps.name))
        return self._there

    def begin(self, plan: Plan, who: str) -> None:
        """Note that a plan runs; one that was begun before and is another is superseded."""
        if not self.there:
            self._waiting = (plan, who)
            return
        self._waiting = None
        now = utcnow()
        other = (plans.c.state == "running") & (plans.c.digest != plan.digest)
        self.connection.execute(
            update(plans).where(other).values(state="superseded", finished_at=now)
        )
        again = update(plans).where(plans.c.digest == plan.digest)
        if not self.connection.execute(again.values(state="running", finished_at=None)).rowcount:
            row = {"digest": plan.digest, "kind": plan.kind, "document": plan.as_json()}
            values = {**row, "state": "running", "who": who, "started_at": now}
            self.connection.execute(insert(plans).values(values))

    def catch_up(self) -> None:
        """Note the plan that began before there was a journal, in the open transaction."""
        if self._waiting is not None:
            self.begin(*self._waiting)

    def end(self) -> None:
        """Note that the plan was carried out."""
        if self.there:
            done = {"state": "done", "finished_at": utcnow()}
            self.connection.execute(update(plans).where(plans.c.digest == self.plan).values(done))

    def progress(self, step: Step) -> Mapping[str, Any]:
        """How far a step came before, in this run or in an earlier one that was killed; {} at first."""
        if not self.there:
            return {}
        query = select(steps.c.progress).where(steps.c.step == step.key, steps.c.state == "started")
        found = self.connection.execute(query.order_by(steps.c.started_at.desc())).first()
        if found is None or found.progress.get("checksum") != step.checksum:
            return {}
        progress: Mapping[str, Any] = found.progress
        return progress

    def started(self, step: Step, progress: Mapping[str, Any] | None = None) -> None:
        """Note that a step is under way, and how far it is."""
        self._write(step, "started", progress or {})

    def done(self, step: Step) -> None:
        """Note that a step is done: by this run, and so for all that were killed before."""
        if not self.there:
            return
        values = {"state": "done", "finished_at": utcnow()}
        left = (steps.c.step == step.key) & (steps.c.state == "started")
        self.connection.execute(update(steps).where(left).values(values))
        self._write(step, "done", {}, finished_at=utcnow())

    def _write(self, step: Step, state: str, progress: Mapping[str, Any], **more: Any) -> None:
        if not self.there:
            return
        values = {"state": state, "progress": {**progress, "checksum": step.checksum}, **more}
        own = (steps.c.plan == self.plan) & (steps.c.step == step.key)
        if not self.connection.execute(update(steps).where(own).values(values)).rowcount:
            row = {"plan": self.plan, "step": step.key, "started_at": utcnow(), **values}
            self.connection.execute(insert(steps).values(row))
