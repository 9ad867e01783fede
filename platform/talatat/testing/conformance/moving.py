"""Running revisions on throw-away databases: up and down, watched, and in any order that is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, event, text

from talatat.db.batches import Batch
from talatat.db.session import Database
from talatat.evolution.apply.engine import Run, apply_steps
from talatat.evolution.apply.journal import Journal
from talatat.evolution.graph import Graph, Revision
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.model import Step
from talatat.evolution.observed import read_heads
from talatat.evolution.plan.recording import recorded_on
from talatat.evolution.plan.revisions import bare_step, sweeps
from talatat.evolution.planner import order
from talatat.evolution.running.locking import begun
from talatat.evolution.running.runner import run
from talatat.evolution.shadow import shadow
from talatat.evolution.tables import VERSION_TABLE
from talatat.testing.databases import make_database

Canonical = Mapping[str, dict[str, Any]]
BATCH = "talatat_batch"


@contextmanager
def moving(url: str) -> Iterator[tuple[Database, Connection]]:
    """Yield a database and the connection that runs revisions on it."""
    database = make_database(url, lock_timeout=60.0)
    try:
        with database.migration_engine.connect() as connection:
            yield database, connection
    finally:
        database.dispose()


def up(connection: Connection, graph: Graph, revision: Revision) -> None:
    """Run one revision with its backfills: quickly, and nothing is kept. Raises EvolutionError."""
    if not revision.transactional and connection.dialect.name == "postgresql":
        with outside(connection) as alone:
            run(alone, graph, revision)
        return
    with begun(connection):
        for one in (*swept(graph, revision), *revision.batches):
            _fill(connection, one)
        run(connection, graph, revision)


def swept(graph: Graph, revision: Revision) -> tuple[Batch, ...]:
    """The backfills of earlier revisions that are run once more before this one."""
    return sweeps(graph, revision) if revision.phase == "contract" else ()


def step_of(connection: Connection, graph: Graph, revision: Revision, direction: str) -> Step:
    """The step of a plan that runs a revision up, or takes it back. Raises EvolutionError."""
    again = swept(graph, revision) if direction == "up" else ()
    return bare_step(revision, connection.dialect.name, direction, again=again)


def planned(connection: Connection, graph: Graph, steps: Sequence[Step]) -> list[Step]:
    """The steps with what they send and what they lose, found out in a shadow as plans do.

    Raises EvolutionError where one fails there.
    """
    heads = read_heads(connection, graph)
    like = schema_of(connection)
    engine = connection.engine
    with shadow(engine.dialect.name, engine.url, None, like, heads) as other, other.connect() as it:
        return list(recorded_on(it, graph, steps))


def carried_out(connection: Connection, graph: Graph, steps: Sequence[Step]) -> None:
    """Run planned steps by the engine of apply and of rollback, which keeps what they lose.

    What earlier ones lost and these make again comes back. Raises EvolutionError.
    """
    apply_steps(Run(connection, graph, Journal(connection)), steps)
    connection.rollback()


@contextmanager
def outside(connection: Connection) -> Iterator[Connection]:
    """Yield a connection that commits each statement, as CREATE INDEX CONCURRENTLY wants it."""
    with connection.engine.connect() as alone:
        yield alone.execution_options(isolation_level="AUTOCOMMIT")


def _fill(connection: Connection, batch: Batch) -> None:
    """A backfill in one statement: here nobody waits for its locks."""
    said = batch.for_dialect(connection.dialect.name)
    where = f" WHERE {said['where']}" if said["where"] else ""
    update = text(f"UPDATE {said['table']} SET {said['set']}{where}")  # noqa: S608  # the author's own SQL
    connection.execute(update, execution_options={BATCH: True})


def bring(connection: Connection, graph: Graph) -> None:
    """Run every revision of a graph on an empty database. Raises EvolutionError."""
    for revision in order(graph, set()):
        up(connection, graph, revision)


def ranked(graph: Graph, addon: str, *, first: bool) -> Graph:
    """The graph with an addon's revisions as early, or as late, as what they require allows."""
    rank = -1 if first else len(graph.order)
    return replace(graph, order={**graph.order, addon: rank})


def schema_of(connection: Connection) -> Schema:
    """The live schema; no transaction is left open."""
    schema = read_schema(connection)
    connection.rollback()
    return schema


def comparable(schema: Schema) -> Canonical:
    """What two schemas are compared by. Version tables are Alembic's, and stay when an addon goes."""
    return {
        name: entry
        for name, entry in schema.canonical().items()
        if not name.endswith(VERSION_TABLE)
    }


def unproved(schema: Canonical) -> Canonical:
    """The same, whether or not PostgreSQL has looked at the old rows for its constraints.

    They bind new rows alike; so the way back of VALIDATE is nothing, and a check comes back NOT VALID.
    """
    return {
        name: {**entry, "constraints": _unproved(entry["constraints"])}
        if isinstance(entry.get("constraints"), Mapping)
        else entry
        for name, entry in schema.items()
    }


def _unproved(constraints: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: said.removesuffix(" NOT VALID") if isinstance(said, str) else said
        for name, said in constraints.items()
    }


def parts(one: Canonical, other: Canonical, names: tuple[str, str]) -> Iterator[str]:
    """Where two schemas part, in words; `names` are what they are called."""
    for name in sorted({*one, *other}):
        if name not in other:
            yield f"{name} is there {names[0]} and not {names[1]}"
        elif name not in one:
            yield f"{name} is there {names[1]} and not {names[0]}"
        elif one[name] != other[name]:
            said = "; ".join(_parts_of(one[name], other[name], names))
            yield f"{name} differs: {said}"


def _parts_of(one: Any, other: Any, names: tuple[str, str]) -> Iterator[str]:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        yield f"{one!r} {names[0]}, {other!r} {names[1]}"
        return
    for key in sorted({*one, *other}, key=str):
        mine, theirs = one.get(key), other.get(key)
        if mine != theirs:
            yield f"{key}: " + "; ".join(_parts_of(mine, theirs, names))


@contextmanager
def emitted(connection: Connection) -> Iterator[list[str]]:
    """Gather the statements of a revision, as the linter of hazards wants them."""
    found: list[str] = []

    def record(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        said = statement.strip()
        if context is not None and context.execution_options.get(BATCH):
            return  # declared, and run by apply in small pieces: no statement of the revision
        if VERSION_TABLE not in said and not said.upper().startswith(("SELECT", "PRAGMA")):
            found.append(said)

    event.listen(connection.engine, "before_cursor_execute", record)
    try:
        yield found
    finally:
        event.remove(connection.engine, "before_cursor_execute", record)
