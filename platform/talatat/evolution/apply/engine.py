"""Runs the steps of a plan, one after the other, each so that a kill at any moment loses nothing.

A step's statements, its version row, its ledger row and its journal row are committed together. Before a
statement is sent it is compared with the plan's; one that differs ends the step before it ran. What was
already applied (by this run before it was killed, or by somebody else meanwhile) is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from talatat.db.origin import who
from talatat.db.retry import is_unreachable
from talatat.db.types import utcnow
from talatat.errors import said_by
from talatat.evolution import ledger
from talatat.evolution.apply.backfill import Backfill
from talatat.evolution.apply.journal import Journal
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.kept import put_away, put_back
from talatat.evolution.model import Step
from talatat.evolution.observed import read_heads
from talatat.evolution.planner import applied, order
from talatat.evolution.running import runner
from talatat.evolution.running.alone import run_alone
from talatat.evolution.running.lease import Lease
from talatat.evolution.running.locking import begun
from talatat.evolution.running.statements import Verifier
from talatat.evolution.running.transactions import Timeouts, in_transaction

# Called when a step begins and while it goes on: the step, its number from 1, how many there are, and how
# many rows of a backfill have been gone through (None where it is none).
Progress = Callable[[Step, int, int, int | None], object]


def silent(step: Step, number: int, total: int, rows: int | None) -> None:
    """Tell nobody."""


@dataclass
class Run:
    """What all steps of one run share. `verify` compares statements with the plan's."""

    connection: Connection
    graph: Graph
    journal: Journal
    verify: bool = True
    lease: Lease | None = None
    progress: Progress = silent
    timeouts: Timeouts = field(default_factory=Timeouts)
    who: str = field(default_factory=who)
    adopted: bool = False

    @property
    def dialect(self) -> str:
        """The database's."""
        return self.connection.dialect.name

    def beat(self) -> None:
        """Tell in the lease that this process is alive."""
        if self.lease is not None:
            self.lease.beat()


def apply_steps(
    run: Run, steps: Sequence[Step], first: int = 0, last: int | None = None
) -> list[Step]:
    """Run the steps of a plan from number `first` to before `last`; return those that were not done yet.

    Raises EvolutionError; what was committed before stays, and a second run goes on from there.
    """
    end = len(steps) if last is None else last
    done = []
    for number in range(first, end):
        step = steps[number]
        _adopt(run)
        _put_back(run, steps, number)
        run.progress(step, number + 1, len(steps), None)
        with _worded(step):
            if _apply(run, step, number + 1, len(steps)):
                done.append(step)
    _adopt(run)
    _put_back(run, steps, end)
    return done


@contextmanager
def _worded(step: Step) -> Iterator[None]:
    """Name the step at which the database refused."""
    try:
        yield
    except SQLAlchemyError as error:
        if is_unreachable(error):
            raise
        said = said_by(error)
        raise EvolutionError(
            f"{step} failed: {said}. Nothing of its last transaction was kept, what was done before it "
            f"was. Mend it and run `talatat apply` again: it goes on from there."
        ) from error


def _adopt(run: Run) -> None:
    """Write down, once, what was begun and applied before there was where to write it."""
    if run.adopted:
        return
    with begun(run.connection, run.timeouts.patience):
        if not run.journal.there:
            return
        done = applied(run.graph, read_heads(run.connection, run.graph))
        known = [one for one in order(run.graph, ()) if one.key in done]
        ledger.adopt(run.connection, known, run.graph, run.who)
        run.journal.catch_up()
    run.adopted = True


def _apply(run: Run, step: Step, number: int, total: int) -> bool:
    if step.kind in ("upgrade", "downgrade"):
        return _revision(run, step, lambda rows: run.progress(step, number, total, rows))
    if step.kind == "fill":
        return in_transaction(run.connection, step, run.timeouts, lambda _: _fill(run, step))
    from talatat.evolution.archive import move_back

    def restore(waited: int) -> bool:
        run.beat()
        move_back(run.connection, step.name)
        run.journal.done(step)
        return True

    return in_transaction(run.connection, step, run.timeouts, restore)


def _fill(run: Run, step: Step) -> bool:
    """Make the guaranteed extension rows that are missing."""
    run.beat()
    with _watched(run, step):
        for statement in step.statements:
            # Without parameters a % is a %.
            run.connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    run.journal.done(step)
    return True


def _revision(run: Run, step: Step, told: Callable[[int], object]) -> bool:
    revision = run.graph.revisions.get((step.addon, step.name))
    if revision is None or (step.checksum and revision.checksum != step.checksum):
        raise EvolutionError(
            f"{step}: the file is not the one that was planned. Nothing of it was run. Run `talatat plan` "
            f"again and look at it."
        )
    if _is_done(run, step, revision):
        return False
    if step.batches:
        Backfill(run.connection, step, run.journal, run.timeouts, told).run(run.beat)
    if not step.transactional and run.dialect == "postgresql":
        return _alone(run, step, revision)

    def work(waited: int) -> bool:
        began = utcnow()
        run.beat()
        if _is_done(run, step, revision, within=True):
            return False
        _put_away(run, step)
        with _watched(run, step):
            runner.run(run.connection, run.graph, revision, _direction(step))
        _write_down(run, step, revision, waited, began)
        return True

    return in_transaction(run.connection, step, run.timeouts, work)


def _alone(run: Run, step: Step, revision: Revision) -> bool:
    began = utcnow()

    def begin(waited: int) -> bool:
        run.beat()
        again = bool(run.journal.progress(step))
        run.journal.started(step)
        return again

    def end(waited: int) -> None:
        runner.stamp(run.connection, run.graph, revision, _direction(step))
        _write_down(run, step, revision, waited, began)

    again = in_transaction(run.connection, step, run.timeouts, begin)
    watched = _watched(run, step)
    run_alone(
        run.connection,
        run.graph,
        revision,
        _direction(step),
        watched,
        statements=step.statements,
        again=again,
    )
    in_transaction(run.connection, step, run.timeouts, end)
    return True


@contextmanager
def _watched(run: Run, step: Step) -> Iterator[None]:
    """Compare what the block sends with what the plan says."""
    if not run.verify:
        yield
        return
    verifier = Verifier(run.connection, step.statements, str(step), step.addon)
    with verifier:
        yield
    verifier.finish()


def _direction(step: Step) -> str:
    return "up" if step.kind == "upgrade" else "down"


def _is_done(run: Run, step: Step, revision: Revision, *, within: bool = False) -> bool:
    """Whether the version table says so already. Raises EvolutionError where it says another thing."""
    heads = read_heads(run.connection, run.graph)[step.addon]
    if not within:
        run.connection.rollback()
    there = applied(run.graph, {step.addon: heads})
    if step.kind == "downgrade":
        if revision.key in there and revision.revision not in heads:
            raise EvolutionError(_moved(step, heads))
        return revision.key not in there
    if revision.key in there:
        return True
    if {(step.addon, one) for one in revision.down} - there:
        raise EvolutionError(_moved(step, heads))
    return False


def _moved(step: Step, heads: Sequence[str]) -> str:
    return (
        f"{step}: the database has moved: addon {step.addon} stands at "
        f"{', '.join(heads) or 'no revision'}. Run `talatat plan` again and look at it."
    )


def _write_down(run: Run, step: Step, revision: Revision, waited: int, began: datetime) -> None:
    if not run.journal.there:
        return
    ledger.write(
        run.connection,
        revision,
        direction=_direction(step),
        who=run.who,
        version=run.graph.versions.get(step.addon),
        plan=run.journal.plan,
        reversible=step.reversibility,
        started_at=began,
        lock_wait_ms=waited,
    )
    run.journal.done(step)


def _put_away(run: Run, step: Step) -> None:
    """Keep what the step is about to drop."""
    if step.keeps:
        plan, direction = run.journal.plan, _direction(step)
        put_away(run.connection, step.key, step.addon, step.name, direction, step.keeps, plan=plan)


def _put_back(run: Run, steps: Sequence[Step], done: int) -> None:
    """Give back what earlier steps dropped and this plan makes again."""
    there = run.journal.there
    run.connection.rollback()
    if there:
        put_back(run.connection, steps, done)
