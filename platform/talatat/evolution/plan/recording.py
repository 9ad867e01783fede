"""What revisions send, found out by running them in a shadow database that is like the live one.

Offline rendering would not do: SQLite's batch mode reads the table that it rebuilds. The shadow has the
live schema and no rows; between steps its schema tells what a step drops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from talatat.errors import said_by
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.kept import lost
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.model import Step
from talatat.evolution.running import runner
from talatat.evolution.running.alone import run_alone
from talatat.evolution.running.locking import begun
from talatat.evolution.running.statements import Recorder, in_order
from talatat.evolution.shadow import shadow

if TYPE_CHECKING:
    from talatat.evolution.observed import Observed
    from talatat.evolution.opening import Opened

_LOSING = ("DROP", "ALTER")
# What calls a function may do anything.
_CALLING = ("SELECT", "DO ", "CALL ")


def recorded(
    opened: Opened,
    graph: Graph,
    steps: Sequence[Step],
    observed: Observed,
    heads: Mapping[str, Sequence[str]],
    making: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Step]:
    """Return the steps with their statements and with what they lose.

    `observed` has the schema to start from, `heads` are what the version tables say, `making` what makes
    the tables of each archive that is restored. Raises EvolutionError where a revision fails: it would
    fail on the live database as well.
    """
    if not any(step.kind in ("upgrade", "downgrade") for step in steps):
        return list(steps)
    with _shadow(opened, observed.schema, heads) as connection:
        return list(recorded_on(connection, graph, steps, observed.started, making))


@contextmanager
def _shadow(
    opened: Opened, like: Schema | None, heads: Mapping[str, Sequence[str]]
) -> Iterator[Connection]:
    url = opened.database.url
    with (
        shadow(opened.dialect, url, opened.shadow_url, like, heads) as engine,
        engine.connect() as connection,
    ):
        with begun(connection):
            for statement in _without_invalid(like):
                connection.exec_driver_sql(statement)
        yield connection


def _without_invalid(schema: Schema | None) -> Iterator[str]:
    """An index whose build was interrupted is as good as none: the step drops it first."""
    for info in schema.tables.values() if schema is not None else ():
        for name, index in info.indexes.items():
            if not index.valid:
                yield f'DROP INDEX "{name}"'


def recorded_on(
    connection: Connection,
    graph: Graph,
    steps: Iterable[Step],
    started: Collection[str] = (),
    making: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Step]:
    """Run the steps on `connection`, a shadow; yield each with its statements and what it loses."""
    before = _schema(connection)
    for step in steps:
        if step.kind == "restore":
            _make(connection, step, making[step.name])
            before = _schema(connection)
        if step.kind not in ("upgrade", "downgrade"):
            yield step
            continue
        revision = graph.revisions[step.addon, step.name]
        statements = _run(connection, graph, revision, step, again=step.key in started)
        keeps: tuple[Mapping[str, Any], ...] = ()
        said = [one.upper() for one in statements]
        if any(one.startswith(_CALLING) or any(word in one for word in _LOSING) for one in said):
            after = _schema(connection)
            keeps, before = tuple(lost(before, after, statements)), after
        elif any(one.startswith("CREATE") for one in said):
            before = _schema(connection)
        yield _kept(replace(step, statements=tuple(statements), keeps=keeps))


def _make(connection: Connection, step: Step, statements: Sequence[str]) -> None:
    """Make the tables of an archive, as they were when it was made."""
    try:
        with begun(connection):
            for statement in statements:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    except DBAPIError as error:
        raise EvolutionError(
            f"archive {step.name} of addon {step.addon} cannot be brought back: {said_by(error)}. What its "
            f"tables refer to is made by no revision that its own require: write that into `requires` of "
            f"the revision that refers to it, or bring what it refers to first and {step.addon} after it."
        ) from error


def _kept(step: Step) -> Step:
    if step.keeps and step.reversibility == "reversible":
        return replace(step, reversibility="restorable")
    return step


def _schema(connection: Connection) -> Schema:
    try:
        return read_schema(connection)
    finally:
        connection.rollback()


def _run(
    connection: Connection, graph: Graph, revision: Revision, step: Step, *, again: bool
) -> list[str]:
    direction = "up" if step.kind == "upgrade" else "down"
    recorder = Recorder(connection, revision.addon)
    if step.transactional:
        with begun(connection), recorder:
            runner.run(connection, graph, revision, direction)
    else:
        run_alone(connection, graph, revision, direction, recorder, again=again)
        with begun(connection):
            runner.stamp(connection, graph, revision, direction)
    return in_order(recorder.statements)
