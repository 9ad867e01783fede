"""Whether a saved plan still is the plan: it is made again, and has to come out the same.

So a plan that was edited, made for another database, or overtaken by an install, an apply, a change of the
.ini or of the schema is refused, and told why. The one exception is the plan that was begun here and not
ended: then what is left of it has to be what a plan made now says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from talatat.evolution.canonical import digest
from talatat.evolution.model import Plan, Step


def reasons(saved: Plan, now: Plan) -> list[str]:
    """Tell, in words, in what `saved` differs from the plan made `now`; [] where it does not."""
    if saved.digest == now.digest:
        return []
    return list(_reasons(saved, now)) or ["it was edited after `talatat plan` wrote it"]


def _reasons(saved: Plan, now: Plan) -> Iterator[str]:
    old, new = saved.base, now.base
    if old.database != new.database:
        yield f"it was made for the database {old.database}, the .ini names {new.database}"
        return
    if old.identity != new.identity:
        yield "it was made for another database under the same address"
        return
    if old.release != new.release:
        yield f"it was made at release {old.release or 'none'}, the database is at {new.release or 'none'}"
    if old.heads != new.heads:
        yield f"revisions were applied or taken back since: {_differing(old.heads, new.heads)}"
    if old.schema != new.schema and old.heads == new.heads:
        yield "the schema of the database was changed since (talatat doctor tells what)"
    if old.archives != new.archives:
        yield "archives were made, restored or purged since"
    yield from _wanted(saved, now)
    if more := [one.text for one in now.blockers if one not in saved.blockers]:
        yield f"what blocks it now did not then: {' '.join(more)}"
    if saved.accepted != now.accepted:
        yield "other steps are accepted (--accept)"
    if [_told(one) for one in saved.steps] != [_told(one) for one in now.steps]:
        yield "its steps are not those that are to be run now"


def _wanted(saved: Plan, now: Plan) -> Iterator[str]:
    if saved.packages != now.packages:
        yield f"other packages are installed or composed: {_differing(saved.packages, now.packages)}"
    elif digest(saved.surface) != digest(now.surface):
        yield f"the composition is another: {_differing(saved.surface, now.surface)}"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*old, *new} if digest(old.get(name)) != digest(new.get(name)))
    return ", ".join(names)


def _told(step: Step) -> Mapping[str, Any]:
    """What counts of a step: all but what depends on how many rows there are."""
    return asdict(replace(step, measured={}, hazards=()))


def _run(step: Step) -> Mapping[str, Any]:
    """What a step does.

    What was found against it is not compared: hazards count the steps of a plan, and tables that the plan
    itself made carry none until it was interrupted.
    """
    found = ("hazards", "locks", "rewrites", "reversibility", "measured")
    return {name: value for name, value in asdict(step).items() if name not in found}


def rest_of(saved: Plan, now: Plan) -> Plan | None:
    """The part of `saved` that is left to do, where a plan made `now` agrees; None where it does not.

    Nor where something has to be mended first: then there is no telling what would be left, for such a
    plan has no steps at all.
    """
    same = (
        saved.base.database == now.base.database
        and saved.base.identity in (None, now.base.identity)
        and saved.packages == now.packages
        and digest(saved.surface) == digest(now.surface)
        and all(one.accept is not None for one in now.blockers)
    )
    left = {step.key: step for step in now.steps}
    known = {step.key: step for step in saved.steps}
    if not same or not set(left) <= set(known):
        return None
    if any(_run(left[key]) != _run(known[key]) for key in left):
        return None
    return replace(saved, steps=tuple(one for one in saved.steps if one.key in left))
