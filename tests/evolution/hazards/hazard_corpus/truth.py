"""What the oracles found of a case, and what the linter is told of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from hazard_corpus.cases import Case, owner
from talatat.evolution.hazards import Context, Step
from talatat.evolution.hazards.observing import observe


@dataclass
class Truth:
    """`harms`: hazard -> the oracle that found it. What could not be asked, for the case fails before, is
    `undecided`. `locks`: hazard -> the modes that the server took.
    """

    steps: list[Step]
    harms: dict[str, str] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    locks: dict[str, set[str]] = field(default_factory=dict)

    def say(self, hazard, oracle, lock=None):
        self.harms.setdefault(hazard, oracle)
        if lock:
            self.locks.setdefault(hazard, set()).add(lock)


def planned(case: Case, run) -> list[Step]:
    """What the planner would say of each revision, from the database as it is."""
    tables = observe(run.alchemy, owner)
    for name, columns in case.look:
        alike = run.cursor.execute(
            f"SELECT count(*) FROM {name} GROUP BY {', '.join(columns)} HAVING count(*) > 1"
        ).fetchone()
        assert alike is None
        tables[name] = dataclasses.replace(tables[name], distinct=(frozenset(columns),))
    for name in case.hot:
        tables[name] = dataclasses.replace(tables[name], hot=True)
    return [
        Step(act.statements, Context(addon=act.addon, requires=act.requires, tables=tables,
                                     phase=act.phase, lock_timeout=act.timeout))
        for act in case.acts
    ]  # fmt: skip
