"""A rehearsal: the plan is carried out on a copy of the database, and watched.

It tells what no plan can know beforehand: how long each step takes on these rows, which locks it holds and
for how long, how many rows come and go, and whether it fails. Nothing of the original is touched.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from talatat.composing import load_composition
from talatat.db.engine import make_migration_engine
from talatat.evolution.amounts import counted, size
from talatat.evolution.apply.applying import timeouts_of
from talatat.evolution.apply.engine import Run, apply_steps
from talatat.evolution.apply.journal import Journal
from talatat.evolution.copying import Copy, copy_of
from talatat.evolution.graph import EvolutionError, Graph, read_graph
from talatat.evolution.ledger import read_ledger
from talatat.evolution.live import count_rows, read_schema
from talatat.evolution.lockwatch import Hold, LockWatch
from talatat.evolution.model import Plan, Step
from talatat.evolution.opening import Opened, open_database
from talatat.evolution.running.lease import held
from talatat.evolution.running.transactions import Timeouts
from talatat.evolution.tables import VERSION_TABLE

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Rehearsed:
    """One step: how long it took, the locks it held, and the error where it failed.

    `transaction` is its longest transaction in seconds: on SQLite nobody else writes meanwhile.
    """

    key: str
    seconds: float
    transaction: float
    locks: tuple[Hold, ...] = ()
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain data, times in seconds."""
        return {
            "step": self.key,
            "seconds": round(self.seconds, 3),
            "longest_transaction": round(self.transaction, 3),
            "locks": [one.as_json() for one in self.locks],
            "error": self.error,
        }


@dataclass(frozen=True)
class Rehearsal:
    """What came of it. `rows` are the tables whose number of rows changed: {table: (before, after)}."""

    dialect: str
    how: str
    copying: float
    bytes: int
    steps: tuple[Rehearsed, ...] = ()
    rows: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """The error that ended it."""
        return next((one.error for one in self.steps if one.error), None)

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "copy": {"how": self.how, "seconds": round(self.copying, 3), "bytes": self.bytes},
            "seconds": round(sum(one.seconds for one in self.steps), 3),
            "steps": [one.as_json() for one in self.steps],
            "rows": {
                table: {"before": before, "after": after, "delta": after - before}
                for table, (before, after) in self.rows.items()
            },
            "error": self.error,
        }

    def render(self, console: Console) -> None:
        """Tell it to a person."""
        say = _Page(console).say
        say(f"Rehearsal on a {self.how} ({size(self.bytes)}, made in {self.copying:.1f} s)\n")
        for one in self.steps:
            say(f"  {'!' if one.error else '='} {one.key:<44} {one.seconds:8.2f} s")
            for lock in _worth_telling(one.locks):
                say(
                    f"      {lock.mode} on {lock.table} for {_shown(lock)}; keeps out {lock.keeps_out}"
                )
            if self.dialect == "sqlite":
                say(f"      keeps out other writers for {one.transaction * 1000:,.0f} ms")
            if one.error:
                say(f"      failed: {one.error}")
        for table, (before, after) in self.rows.items():
            say(f"  ~ {table:<44} {after - before:+,} rows ({before:,} -> {after:,})")
        total = sum(one.seconds for one in self.steps)
        done = "failed" if self.error else "done"
        say(
            f"\nRehearsed: {counted(len(self.steps), 'step')} in {total:.2f} s, {done}. Nothing was changed."
        )


class _Page:
    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        self._console.print(line, markup=False)


def rehearse(ini: str, plan: Plan) -> Rehearsal:
    """Carry a plan out on a copy of the database of an .ini.

    A step that fails is told in the result. Raises EvolutionError where no copy can be made.
    """
    opened = open_database(ini)
    try:
        with copy_of(opened) as copy, _graph(opened, plan) as graph:
            return _rehearsed(opened, plan, copy, graph)
    finally:
        opened.database.dispose()


@contextmanager
def _graph(opened: Opened, plan: Plan) -> Iterator[Graph]:
    """The revisions to run: the files of the composition, for the way back the ledger's."""
    if plan.kind == "apply":
        yield read_graph(load_composition(opened.ini))
        return
    with tempfile.TemporaryDirectory(prefix="talatat-ledger-") as folder:
        with opened.reading() as connection:
            ledger = read_ledger(connection)
        yield ledger.graph(Path(folder))


def _rehearsed(opened: Opened, plan: Plan, copy: Copy, graph: Graph) -> Rehearsal:
    with copy.engine.connect() as connection:
        before = _count(connection)
        steps = _steps(connection, plan, graph, timeouts_of(opened))
        after = _count(connection)
    changed = {
        table: (before.get(table, 0), after.get(table, 0))
        for table in sorted(before.keys() | after.keys())
        if before.get(table, 0) != after.get(table, 0) and not table.startswith("talatat_")
    }
    return Rehearsal(opened.dialect, copy.how, copy.seconds, copy.bytes, tuple(steps), changed)


def _steps(connection: Connection, plan: Plan, graph: Graph, timeouts: Timeouts) -> list[Rehearsed]:
    clock = _Clock(connection.engine)
    watch = _watch(connection, clock)
    error: str | None = None
    with watch or nullcontext(), held(connection, plan.digest) as lease:
        journal = Journal(connection, plan.digest)
        run = Run(
            connection, graph, journal, lease=lease, timeouts=timeouts, progress=clock.progress
        )
        try:
            apply_steps(run, plan.steps)
        except (EvolutionError, SQLAlchemyError) as failed:
            error = str(failed)
            connection.rollback()
        clock.end()
    if error and not clock.done:
        raise EvolutionError(error)
    holds = watch.holds if watch is not None else []
    return [
        replace(one, locks=tuple(_of(holds, one)), error=error if one is clock.done[-1] else None)
        for one in clock.done
    ]


def _of(holds: list[Hold], step: Rehearsed) -> list[Hold]:
    """The locks of a step, but for those on the platform's own notes."""
    return [one for one in holds if one.label == step.key and not _is_note(one.table)]


def _is_note(table: str) -> bool:
    return table.startswith("talatat_") or table.endswith(VERSION_TABLE)


def _watch(connection: Connection, clock: _Clock) -> LockWatch | None:
    if connection.dialect.name != "postgresql":
        return None
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    connection.rollback()
    # An engine of its own: what happens on the other one is timed.
    return LockWatch(make_migration_engine(connection.engine.url), pid, lambda: clock.key)


class _Clock:
    """How long each step takes, and its longest transaction. `key` is the step that runs."""

    def __init__(self, engine: Engine) -> None:
        self.key = ""
        self.done: list[Rehearsed] = []
        self._since = 0.0
        self._longest = 0.0
        self._began: float | None = None
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", self._end)
        event.listen(engine, "rollback", self._end)

    def progress(self, step: Step, number: int, total: int, rows: int | None) -> None:
        """What the engine calls when a step begins, and while it goes on."""
        if rows is None:
            self.end()
            self.key, self._since, self._longest = step.key, time.monotonic(), 0.0

    def end(self) -> None:
        """The step that runs, if one does, has ended."""
        if self.key:
            self.done.append(Rehearsed(self.key, time.monotonic() - self._since, self._longest))
            self.key = ""

    def _begin(self, connection: Connection) -> None:
        self._began = time.monotonic()

    def _end(self, connection: Connection) -> None:
        if self._began is not None:
            self._longest = max(self._longest, time.monotonic() - self._began)
            self._began = None


def _count(connection: Connection) -> dict[str, int]:
    """The exact number of rows of every table."""
    found = count_rows(connection, sorted(read_schema(connection).tables))
    connection.rollback()
    return found


def _worth_telling(locks: tuple[Hold, ...]) -> list[Hold]:
    """The strongest lock on each table, where it keeps anybody out."""
    strongest: dict[str, Hold] = {}
    for one in locks:
        if one.granted and one.keeps_out != "nobody":
            strongest.setdefault(one.table, one)
    return list(strongest.values())


def _shown(lock: Hold) -> str:
    return f"{lock.seconds:.1f} s" if lock.seconds >= 1 else f"up to {lock.seconds * 1000:.0f} ms"
