"""One climb through the revisions of an addon on one database: the evidence of many rules.

Before each of the addon's own revisions (but those that go on with a contract) rows are put into every
table that is there. Then the revision is run, taken back where it can be, and run again; schema and rows
are looked at each time. At the end all are taken back, and run once more. All this by the engine of
`talatat apply` and `talatat rollback`: what a revision drops is put away and comes back as it does there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from talatat.errors import TalatatError
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.hazards.model import Table as Observed
from talatat.evolution.hazards.observing import observe
from talatat.evolution.hazards.observing import schema_of as statements_of
from talatat.evolution.live import Schema
from talatat.evolution.model import Step as Planned
from talatat.evolution.planner import order
from talatat.testing.conformance.model import LeftOut
from talatat.testing.conformance.moving import (
    Canonical,
    carried_out,
    comparable,
    emitted,
    moving,
    parts,
    planned,
    schema_of,
    step_of,
    swept,
    up,
)
from talatat.testing.conformance.reflecting import Content, content, reflect, table_names
from talatat.testing.conformance.rows import Rows

ROWS = 2
GUESSED = (
    "The rows were made up by the check. Where no release writes such a row (NULL in the old column and in "
    "the new one that is filled from it), say values that one writes: --rows FILE, or "
    "conformance(..., rows=...)."
)


@dataclass
class Step:
    """What was seen of one own revision. `down` is None where it was not taken back.

    `planned` is the step as a plan has it: its statements, and what is put away before it. `before` and `after` are the schemas around it, `owners` whose each table was before it. `rows_before`,
    `rows_after` and `rows_down` are the contents of the tables that were there before. `swept` says that
    earlier backfills were run once more, as `talatat apply` does before it takes something away. `place`
    is where it stands in the climb's `ran`.
    """

    revision: Revision
    planned: Planned
    observed: Mapping[str, Observed]
    made_by: tuple[str, ...]
    owners: Mapping[str, str]
    before: Schema
    after: Schema
    rows_before: Mapping[str, Content]
    rows_after: Mapping[str, Content]
    keys: Mapping[str, tuple[str, ...]]
    swept: bool = False
    place: int = 0
    down: Canonical | None = None
    rows_down: Mapping[str, Content] = field(default_factory=dict)
    again: Canonical | None = None


@dataclass
class Climb:
    """All of it. `error` is what stopped the way up, `way_down` what is wrong with the way back.

    `stuck` says that a revision could not be run again after it was taken back: no more was seen. `ran`
    are all revisions in turn with their statements, those of other addons too.
    """

    steps: list[Step] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    schema: Schema | None = None
    error: TalatatError | None = None
    way_down: list[str] = field(default_factory=list)
    seeding: list[str] = field(default_factory=list)
    stuck: bool = False
    ran: list[tuple[Revision, Sequence[str]]] = field(default_factory=list)


class _Stuck(Exception):
    """The climb cannot go on."""


def climb(
    url: str, graph: Graph, addon: str, given: Mapping[str, Mapping[str, Any]], *, back: bool = True
) -> Climb:
    """Climb on the empty database at `url`; without `back` nothing is taken back on the way."""
    with moving(url) as (_, connection):
        climber = _Climber(connection, graph, addon, given, back)
        try:
            climber.go_up()
        except _Stuck:
            climber.made.stuck = True
            return climber.made
        except TalatatError as error:
            climber.made.error = EvolutionError(_told(error))
            return climber.made
        climber.made.schema = schema_of(connection)
        if back:
            climber.go_down()
        return climber.made


def _told(error: TalatatError) -> list[str]:
    """The problems; where the rows that were made up are refused, with what lets others be made."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, IntegrityError | DataError):
        cause = cause.__cause__
    return [text if cause is None else f"{text} {GUESSED}" for text in error.problems]


class _Climber:
    def __init__(
        self,
        connection: Connection,
        graph: Graph,
        addon: str,
        given: Mapping[str, Mapping[str, Any]],
        back: bool,
    ) -> None:
        self.connection, self.graph, self.addon, self.given = connection, graph, addon, given
        self.back = back
        self.made = Climb()

    def go_up(self) -> None:
        """Every revision, the addon's own ones looked at."""
        for revision in order(self.graph, set()):
            if revision.addon == self.addon:
                self._examine(revision)
            else:
                with emitted(self.connection) as statements:
                    up(self.connection, self.graph, revision)
                self.made.ran.append((revision, statements))
            self._note_owners(revision.addon)

    def _note_owners(self, addon: str) -> None:
        """A thing is that addon's whose revision made it, whatever it is called."""
        schema = schema_of(self.connection)
        for name in {*schema.tables, *schema.canonical()}:
            self.made.owners.setdefault(name, addon)

    def _examine(self, revision: Revision) -> None:
        if not self._follows_contract(revision):
            self._seed()
        before, owners = schema_of(self.connection), dict(self.made.owners)
        with self.connection.begin():
            observed = observe(self.connection, owners.get)
            sqlite = self.connection.dialect.name == "sqlite"
            made_by = statements_of(self.connection) if sqlite else ()
        rows_before, keys = self._rows(None)
        there, back = self._planned(revision)
        carried_out(self.connection, self.graph, [there])
        step = Step(
            revision, there, observed, made_by, owners, before, schema_of(self.connection),
            rows_before, self._rows(keys)[0], keys, bool(swept(self.graph, revision)),
            len(self.made.ran),
        )  # fmt: skip
        self.made.ran.append((revision, there.statements))
        self.made.steps.append(step)
        if back is not None:
            self._back_and_forth(step, back)

    def _planned(self, revision: Revision) -> tuple[Planned, Planned | None]:
        """The step up, and the one back where it is to be tried and can be."""
        there = self._step(revision, "up")
        if revision.reversible and self.back:
            try:
                way = [there, self._step(revision, "down")]
                there_, back = planned(self.connection, self.graph, way)
                return there_, back
            except TalatatError as error:
                (there,) = planned(self.connection, self.graph, [there])
                self.made.way_down += [f"it cannot be taken back: {text}" for text in _told(error)]
                return there, None
        (there,) = planned(self.connection, self.graph, [there])
        return there, None

    def _step(self, revision: Revision, direction: str) -> Planned:
        return step_of(self.connection, self.graph, revision, direction)

    def _follows_contract(self, revision: Revision) -> bool:
        """Whether it ends what another contract revision began.

        The older release, which writes rows without the new columns, is gone by then; they were filled.
        """
        last = self.made.steps[-1].revision.phase if self.made.steps else None
        return revision.phase == last == "contract"

    def _back_and_forth(self, step: Step, back: Planned) -> None:
        try:
            carried_out(self.connection, self.graph, [back])
            step.down = comparable(schema_of(self.connection))
            step.rows_down = self._rows(step.keys)[0]
        except TalatatError as error:
            self.connection.rollback()
            self.made.way_down += [f"it cannot be taken back: {text}" for text in _told(error)]
            return
        try:
            carried_out(self.connection, self.graph, [step.planned])
        except TalatatError as error:
            self.connection.rollback()
            said = [
                f"it cannot be run again after it was taken back: {one}" for one in _told(error)
            ]
            self.made.way_down += said
            raise _Stuck from error
        step.again = comparable(schema_of(self.connection))

    def _seed(self) -> None:
        """Two more rows in each table, those of other addons too: they are referred to."""
        with self.connection.begin():
            tables = reflect(self.connection, table_names(self.connection))
            rows = Rows(tables, self.given, start=len(self.made.steps) * 100)
            for table in rows.tables:
                try:
                    rows.fill(self.connection, ROWS, [table.name])
                except LeftOut as reason:
                    self.made.seeding.append(str(reason))

    def _rows(
        self, keys: Mapping[str, tuple[str, ...]] | None
    ) -> tuple[dict[str, Content], dict[str, tuple[str, ...]]]:
        """The content of all tables (of those in `keys` that are there still), and their columns."""
        with self.connection.begin():
            names = table_names(self.connection)
            tables = reflect(self.connection, names if keys is None else names & set(keys))
            found = content(self.connection, tables)
            return found, {table.name: tuple(table.columns.keys()) for table in tables}

    def go_down(self) -> None:
        """All the way back, as far as it goes, and up again: the same schema both times."""
        steps = self.made.steps
        if not steps or not all(one.revision.reversible for one in steps) or self.made.way_down:
            return
        self._seed()
        top = comparable(schema_of(self.connection))
        way = [self._step(one.revision, "down") for one in reversed(steps)]
        way += [self._step(one.revision, "up") for one in steps]
        try:
            way = planned(self.connection, self.graph, way)
            carried_out(self.connection, self.graph, way[: len(steps)])
            self.made.way_down += self._left_behind(top)
            carried_out(self.connection, self.graph, way[len(steps) :])
        except TalatatError as error:
            self.connection.rollback()
            self.made.way_down += [f"with rows in its tables: {text}" for text in _told(error)]
            return
        again = comparable(schema_of(self.connection))
        self.made.way_down += parts(top, again, ("at first", "when it came back"))

    def _left_behind(self, top: Canonical) -> list[str]:
        """What differs from a database that never had the addon."""
        base, owners = comparable(schema_of(self.connection)), self.made.owners
        others = {name: entry for name, entry in top.items() if owners.get(name) != self.addon}
        # What it does to another's table is told by `leaves-alone`, as long as it is taken back.
        before = comparable(self.made.steps[0].before)
        undone = {name for name in others if base.get(name) == before.get(name)}
        others |= {name: before[name] for name in undone & set(before)}
        return list(
            parts(others, base, ("without the addon", "after its revisions were taken back"))
        )
