"""Whether a database is where a composition needs it to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from talatat.evolution.graph import EvolutionError, read_graph
from talatat.evolution.observed import last_release, read_heads
from talatat.evolution.opening import unreachable
from talatat.evolution.planner import applied, order

if TYPE_CHECKING:
    from talatat.system import System


@dataclass(frozen=True)
class Status:
    """`missing` are revisions that `command` would run; `problem` is what it could not mend."""

    ok: bool
    release: int | None = None
    missing: list[dict[str, str]] = field(default_factory=list)
    problem: str | None = None
    command: str | None = None


def status(system: System) -> Status:
    """Compare the database with the composition; never raises for a database that is not there."""
    composition, database = system.composition, system.database
    command = f"talatat apply {composition.ini.uri}"
    try:
        graph = read_graph(composition)
        try:
            with database.reading_engine.connect() as connection:
                heads = read_heads(connection, graph)
                last = last_release(connection)
        except SQLAlchemyError as error:
            raise unreachable(composition.ini, database, error) from error
        missing = order(graph, applied(graph, heads))
    except EvolutionError as error:
        return Status(False, problem=str(error))
    release = last[0] if last else None
    if not missing:
        return Status(True, release)
    return Status(
        False,
        release,
        [{"addon": one.addon, "revision": one.revision} for one in missing],
        command=command,
    )
