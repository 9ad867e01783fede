"""From a plan to a release."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from talatat.errors import said_by
from talatat.evolution import lockfile
from talatat.evolution.apply.engine import Progress, Run, apply_steps, silent
from talatat.evolution.apply.journal import Journal
from talatat.evolution.apply.stale import reasons, rest_of
from talatat.evolution.canonical import digest
from talatat.evolution.desired import Desired
from talatat.evolution.graph import EvolutionError, Graph
from talatat.evolution.model import Base, Plan, Step
from talatat.evolution.observed import observe
from talatat.evolution.opening import Opened
from talatat.evolution.plan.making import Prepared, base_of, prepare
from talatat.evolution.processes import live_processes
from talatat.evolution.releasing import record
from talatat.evolution.running.lease import held
from talatat.evolution.running.locking import begun
from talatat.evolution.running.transactions import Timeouts
from talatat.evolution.tables import identity, plans, releases

PAUSE = 1.0
KEPT = "What was done is kept; run `talatat apply` again and it goes on from there."


class Refused(EvolutionError):
    """The plan may not be carried out: it is blocked or stale. Nothing was changed."""


class Moved(Refused):
    """The database is not any more what it was when the plan was made."""


@dataclass(frozen=True)
class Applied:
    """What came of it: the release that was recorded (None where none was), the steps that were run.

    `waiting` are contract steps that wait for `processes` which serve an older release.
    """

    release: int | None
    steps: tuple[Step, ...]
    waiting: tuple[Step, ...] = ()
    processes: tuple[Mapping[str, Any], ...] = ()


def apply_plan(
    ini: str,
    plan: Plan | None = None,
    *,
    accept: Collection[str] = (),
    without: Collection[str] = (),
    progress: Progress = silent,
    wait: float = 0.0,
    patience: float = 60.0,
) -> Applied:
    """Plan, compare with `plan` where one was saved, and carry it out.

    `wait` is for how many seconds contract steps wait for processes of older releases to end, `patience`
    for how many another apply is waited for. Raises Refused for a plan that is blocked or stale, Locked
    where another apply goes on, EvolutionError where a step fails.
    """
    made = prepare(ini, accept=accept if plan is None else plan.accepted, without=without)
    return carry_out_prepared(made, plan, progress=progress, wait=wait, patience=patience)


def carry_out_prepared(made: Prepared, saved: Plan | None = None, **options: Any) -> Applied:
    """Carry out what was just planned, or a saved plan where it is still the same."""
    chosen = made.plan if saved is None else checked(made.opened, saved, made.plan)
    return carry_out(
        made.opened, chosen, made.graph, made.plan.base, desired=made.desired, **options
    )


def checked(opened: Opened, saved: Plan, now: Plan) -> Plan:
    """Return what of a saved plan is to be carried out now. Raises Refused where it is stale."""
    why = reasons(saved, now)
    if not why:
        return saved
    state = _state(opened, saved)
    left = rest_of(saved, now) if state else None
    # One that was carried out to its end, and killed before it could say so, has nothing left.
    if left is not None and (state in ("running", "superseded") or not left.steps):
        return left
    raise Refused(
        f"the plan is stale: {'; '.join(why)}. Nothing was changed. Make it again and look at it: "
        f"talatat plan {opened.ini.uri} --out FILE"
    )


def is_begun(opened: Opened, *kinds: str) -> bool:
    """Whether a plan (of one of these kinds) was begun on the database, not ended and not followed."""
    if not opened.exists:
        return False
    with opened.reading() as connection:
        if not inspect(connection).has_table(plans.name):
            return False
        query = select(plans.c.kind).where(plans.c.state == "running")
        kind = connection.scalar(query)
    return kind is not None and (not kinds or kind in kinds)


def _state(opened: Opened, saved: Plan) -> str | None:
    """How far a saved plan came: None where it was never begun, else see `tables.plans`."""
    if not opened.exists:
        return None
    with opened.reading() as connection:
        if not inspect(connection).has_table(plans.name):
            return None
        return connection.scalar(select(plans.c.state).where(plans.c.digest == saved.digest))


def carry_out(
    opened: Opened,
    plan: Plan,
    graph: Graph,
    base: Base | None = None,
    *,
    desired: Desired | None = None,
    progress: Progress = silent,
    wait: float = 0.0,
    patience: float = 60.0,
    contract: bool = True,
) -> Applied:
    """Carry a plan out under the lock, from `base` (the plan's own where None).

    With `contract` False what takes something away is left for later. Raises as `apply_plan` does.
    """
    if plan.blockers:
        raise Refused([one.text for one in plan.blockers])
    if desired is not None:
        lockfile.check(opened.ini)
    if opened.settings is not None and opened.settings.development:
        opened.make_folder()
    with (
        _in_words(),
        opened.changing() as connection,
        held(connection, plan.digest, patience) as lease,
    ):
        _check_base(opened, connection, base or plan.base)
        journal = Journal(connection, plan.digest)
        run = Run(
            connection,
            graph,
            journal,
            lease=lease,
            progress=progress,
            timeouts=timeouts_of(opened, patience),
        )
        place = _contract_place(plan)
        rest = plan.steps[place:]
        with begun(connection, patience):
            journal.begin(plan, run.who)
        done = apply_steps(run, plan.steps, 0, place)
        number = _record(connection, journal, plan, run.who, ends=not rest)
        waiting, old = _contract(run, plan, rest, wait, contract)
        if rest and not waiting:
            done += apply_steps(run, plan.steps, place)
            with begun(connection, patience):
                journal.end()
        heads = observe(connection).heads
        connection.rollback()
    if desired is not None:
        lockfile.write(opened.ini, desired, number or plan.base.release, heads)
    return Applied(number, tuple(done), tuple(waiting), tuple(old))


def timeouts_of(opened: Opened, patience: float = 60.0) -> Timeouts:
    """The timeouts that the .ini says, and how long another writer of an SQLite file is waited for."""
    said = opened.settings
    if said is None:
        return Timeouts(patience=patience)
    return Timeouts(
        said.apply_lock_timeout, said.apply_statement_timeout, said.apply_tries, patience
    )


@contextmanager
def _in_words() -> Iterator[None]:
    """Say of what ends a run from outside that what was done is kept."""
    try:
        yield
    except KeyboardInterrupt:
        raise EvolutionError(f"stopped. {KEPT}") from None
    except SQLAlchemyError as error:
        said = said_by(error)
        raise EvolutionError(f"the database refused: {said}. {KEPT}") from error


def _check_base(opened: Opened, connection: Connection, base: Base) -> None:
    """Raises Moved where the database moved between planning and having the lock."""
    with begun(connection):
        now = base_of(opened, observe(connection))
    if now != base and not _is_new(now, base):
        raise Moved(
            "somebody else changed the database while this plan waited. Nothing of it was run. Make "
            f"it again and look at it: talatat plan {opened.ini.uri}"
        )


def _is_new(now: Base, base: Base) -> bool:
    """An SQLite file that was not there when the plan was made is empty, which is the same."""
    return (
        not base.heads and not now.heads and base.release is None is now.release and not base.schema
    )


def _contract_place(plan: Plan) -> int:
    """Where the first step stands that takes something away. A way back is one part."""
    places = (n for n, one in enumerate(plan.steps) if one.phase == "contract")
    return next(places, len(plan.steps)) if plan.kind == "apply" else len(plan.steps)


def _record(
    connection: Connection, journal: Journal, plan: Plan, user: str, *, ends: bool
) -> int | None:
    """Record the release where there is a new one, with the plan's end where nothing is left."""
    with begun(connection):
        journal.begin(plan, user)
        if ends:
            journal.end()
        if connection.scalar(select(identity)) is None:
            connection.execute(insert(identity).values(id=str(uuid4())))
        return record(
            connection,
            plan.surface,
            kind=plan.kind,
            plan=plan.digest,
            packages=plan.packages,
            note=f"back to release {plan.to_release}" if plan.to_release else None,
            always=plan.kind != "apply" or _packages_differ(connection, plan),
        )


def _packages_differ(connection: Connection, plan: Plan) -> bool:
    query = select(releases.c.packages).order_by(releases.c.number.desc()).limit(1)
    return bool(connection.scalar(query) != plan.packages)


def _contract(
    run: Run, plan: Plan, rest: Sequence[Step], wait: float, contract: bool
) -> tuple[Sequence[Step], list[Mapping[str, Any]]]:
    """What has to wait, and for which processes."""
    if not rest:
        return (), []
    if not contract:
        return rest, []
    give_up = time.monotonic() + wait
    while True:
        with begun(run.connection):
            run.beat()
            old = older_processes(run.connection, plan.surface)
        if not old:
            return (), []
        if time.monotonic() >= give_up:
            return rest, old
        time.sleep(min(PAUSE, max(give_up - time.monotonic(), 0.01)))


def older_processes(connection: Connection, surface: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The living processes that serve a release with another surface."""
    alive = live_processes(connection)
    numbers = {one["release"] for one in alive}
    query = select(releases.c.number, releases.c.surface).where(releases.c.number.in_(numbers))
    wanted = digest(surface)
    same = {row.number for row in connection.execute(query) if digest(row.surface) == wanted}
    return [one for one in alive if one["release"] not in same]
