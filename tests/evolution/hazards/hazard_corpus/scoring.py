"""The linter's findings against the truth: what it missed, what it made up."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field

from talatat.evolution.hazards import Context, Step, lint_plan


@dataclass
class Score:
    """`pairs` are the hazards of all unsafe operations, `missed` those that were not named. An operation is
    a false alarm when it is safe and something is named all the same.
    """

    unsafe: int = 0
    safe: int = 0
    pairs: int = 0
    missed: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    strange: list[str] = field(
        default_factory=list
    )  # a hazard named too many of an operation that is unsafe
    locks: list[str] = field(default_factory=list)  # another lock mode than the server's
    recipes: list[str] = field(default_factory=list)  # recipes that the linter refuses
    hazards: Counter = field(default_factory=Counter)
    oracles: Counter = field(default_factory=Counter)

    @property
    def recall(self):
        return 1 - len(self.missed) / max(self.pairs, 1)

    @property
    def false_alarms(self):
        return len(self.alarms) / max(self.safe, 1)

    def add(self, case, truth):
        findings = lint_plan(truth.steps, case.dialect)
        found = {one.id for one in findings}
        told = f"{case.id} {case.sql}"
        self.pairs += len(truth.harms)
        self.hazards.update(list(truth.harms))
        self.oracles.update(truth.harms.values())
        if truth.harms:
            self.unsafe += 1
        else:
            self.safe += 1
        self.missed += [f"{hazard}: {told}" for hazard in set(truth.harms) - found]
        made_up = found - set(truth.harms) - truth.undecided
        if made_up:
            (self.strange if truth.harms else self.alarms).append(f"{sorted(made_up)}: {told}")
        for one in findings:
            known = truth.locks.get(one.id)
            if known and one.lock not in known:
                self.locks.append(f"{one.id} {one.lock} {known}: {told}")
            self.recipes += refused(one, truth.steps, case.dialect)

    def __str__(self):
        return (
            f"{self.unsafe} unsafe and {self.safe} safe operations; {self.pairs} hazards, {len(self.missed)} missed: recall "
            f"{self.recall:.1%}; {len(self.alarms)} false alarms: {self.false_alarms:.1%}; {len(self.strange)} unsafe "
            f"operations with a hazard too many"
        )


def refused(finding, steps, dialect):
    """What the linter says of a finding's own recipe."""
    if not finding.recipe.transactions:
        return []
    step = steps[finding.step]
    context = step.context
    phase = finding.recipe.phase or context.phase
    before = [*steps[: finding.step], Step(step.statements[: finding.statement], context)]
    recipe = [
        Step(statements, changed(context, phase)) for statements in finding.recipe.transactions
    ]
    said = [one for one in lint_plan([*before, *recipe], dialect) if one.step >= len(before)]
    return [f"{finding.id}: {one.id}: {finding.recipe.transactions}" for one in said]


def changed(context: Context, phase):
    return dataclasses.replace(context, phase=phase)
