"""Carrying a rollback out: by the engine of apply, under the same lock, journalled and verified alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from talatat.evolution import lockfile
from talatat.evolution.apply.applying import Refused, carry_out
from talatat.evolution.apply.engine import Progress, silent
from talatat.evolution.canonical import digest
from talatat.evolution.desired.model import Desired
from talatat.evolution.graph import EvolutionError
from talatat.evolution.model import Plan, Step
from talatat.evolution.opening import Opened
from talatat.evolution.rollback.afterwards import Afterwards, afterwards
from talatat.evolution.rollback.planning import Prepared, prepared
from talatat.evolution.running.locking import Locked


@dataclass(frozen=True)
class RolledBack:
    """What came of it: the release that was recorded, the one it went back to, and what is left to do."""

    release: int | None
    to: int
    steps: tuple[Step, ...]
    afterwards: Afterwards


def roll_back(
    opened: Opened,
    to: int | None = None,
    *,
    plan: Plan | None = None,
    while_serving: bool = False,
    progress: Progress = silent,
    patience: float = 60.0,
) -> RolledBack:
    """Plan and go back to release `to`, by default to the one before the last.

    `plan`, one that was looked at before, has to be the same still. Raises as `carry_back` does.
    """
    with prepared(opened, to) as made:
        if plan is not None and plan.digest != made.plan.digest:
            raise Refused("the database has moved since that plan was made. Look at it again.")
        return carry_back(made, while_serving=while_serving, progress=progress, patience=patience)


def carry_back(
    made: Prepared,
    *,
    while_serving: bool = False,
    progress: Progress = silent,
    patience: float = 60.0,
) -> RolledBack:
    """Go back as planned; run again after a kill it goes on from there.

    Raises Refused for what blocks it, processes that serve a newer release among it, Locked where an
    apply goes on, EvolutionError where a step fails.
    """
    plan, opened = made.plan, made.opened
    serving = serving_of(plan)
    if serving and not while_serving:
        raise Refused(
            f"these processes serve another release than {plan.to_release}: {serving}. Stop them, or say "
            f"--while-serving: what they use may be gone under them."
        )
    try:
        done = carry_out(
            opened, plan, made.graph, desired=_desired(plan), progress=progress, patience=patience
        )
    except (Refused, Locked):
        raise
    except EvolutionError as error:
        again = f"talatat rollback {opened.ini.uri} --to {plan.to_release}"
        problems = [one.replace("`talatat apply`", f"`{again}`") for one in error.problems]
        raise EvolutionError(problems) from error
    assert plan.to_release is not None
    return RolledBack(done.release, plan.to_release, done.steps, afterwards(made))


def nothing_left(made: Prepared) -> Afterwards:
    """Of a plan without steps: write the lock file, which a kill may have kept the last run from; what is left.

    Raises EvolutionError where it cannot be written.
    """
    plan, opened = made.plan, made.opened
    lock = lockfile.read(opened.ini)
    if lock is not None and lock.get("surface") != digest(plan.surface):
        lockfile.write(opened.ini, _desired(plan), plan.base.release, plan.base.heads)
    return afterwards(made)


def _desired(plan: Plan) -> Desired:
    """What the release that is gone back to wanted."""
    order = tuple(one["name"] for one in plan.surface.get("addons", ()))
    return Desired(plan.surface, plan.packages, order=order)


def serving_of(plan: Plan) -> str:
    """The processes that serve another release than the target, in words; "" where there are none."""
    processes: list[Mapping[str, Any]] = plan.measured["processes"]
    return ", ".join(
        f"process {one['pid']} on {one['host']} (release {one['release']})" for one in processes
    )
