"""Which revisions of an addon one upgrade brings: what a plan looks at together, the rules do as well.

Nobody wrote down what was released when, so it is read from the revisions. Phases go from expand over data
to contract; where they begin anew, a release begins. So it does where a revision takes away what the release
itself would have made: nobody releases that. A table is judged in the plan of an upgrade from where it was
there already, for on a new one nothing is a hazard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from talatat.evolution.graph import PHASES
from talatat.testing.conformance.climbing import Climb, Step


class Upgrades:
    """The upgrades that a climb went through."""

    def __init__(self, climb: Climb) -> None:
        self.climb = climb

    @cached_property
    def releases(self) -> list[list[Step]]:
        """The addon's own steps, those of a release together."""
        found: list[list[Step]] = []
        for step in self.climb.steps:
            if not found or _goes_back(found[-1][-1], step) or _takes_its_own(found[-1], step):
                found.append([])
            found[-1].append(step)
        return found

    def since(self, step: Step, table: str | None) -> Step:
        """The first step of the upgrade that brings `step` to a database which has `table`."""
        (release,) = (one for one in self.releases if any(other is step for other in one))
        return _since(release[: release.index(step) + 1], table)

    def plans(self) -> Iterator[Sequence[Step]]:
        """The own steps of every plan that is to be looked at: from a step to the end of its release."""
        for release in self.releases:
            for number, step in enumerate(release):
                if number == 0 or _brought(release[number - 1], step) & _named(release[number:]):
                    yield release[number:]


def _goes_back(before: Step, step: Step) -> bool:
    return PHASES.index(step.revision.phase) < PHASES.index(before.revision.phase)


def _takes_its_own(release: Sequence[Step], step: Step) -> bool:
    """Whether a step takes away columns that the release would have added."""
    for one in step.planned.keeps:
        there = _since([*release, step], one["table"]).before.tables.get(one["table"])
        if there is not None and not set(one["columns"]) <= set(there.columns):
            return True
    return False


def _since(steps: Sequence[Step], table: str | None) -> Step:
    return next((one for one in steps if table in one.before.tables), steps[0])


def _brought(before: Step, step: Step) -> set[str]:
    return set(step.before.tables) - set(before.before.tables)


def _named(steps: Sequence[Step]) -> set[str]:
    """The tables that the statements of steps name."""
    said = "\n".join(text for step in steps for text in step.planned.statements)
    return {name for name in steps[0].before.tables if name in said}
