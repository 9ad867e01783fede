"""Bringing a database to a composition without looking at a plan first: for tests and throw-away databases.

What an operator does is `talatat.evolution.plan` and `talatat.evolution.apply`; both run the same steps.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from talatat.composition import Composition
from talatat.db.session import Database
from talatat.evolution.apply.engine import Run, apply_steps
from talatat.evolution.apply.journal import Journal
from talatat.evolution.graph import Graph, Revision, read_graph
from talatat.evolution.observed import read_heads
from talatat.evolution.opening import Opened
from talatat.evolution.plan.revisions import bare_step
from talatat.evolution.planner import applied, order
from talatat.evolution.releasing import record
from talatat.evolution.running.lease import held
from talatat.evolution.running.locking import begun
from talatat.evolution.surface import packages_of

# Called before each revision: the revision, its number from 1, how many there are in all.
Progress = Callable[[Revision, int, int], object]


def pending(composition: Composition, database: Database | Connection) -> list[Revision]:
    """Return the revisions that the database lacks, in order.

    Raises EvolutionError when the database is ahead or cannot be reached.
    """
    graph = read_graph(composition)
    if isinstance(database, Connection):
        return _pending(graph, database)
    with _opened(composition, database).reading() as connection:
        return _pending(graph, connection)


def bring_to(
    composition: Composition, database: Database, progress: Progress | None = None
) -> list[Revision]:
    """Run what the database lacks, each revision in a transaction of its own; return what was run.

    Records a release when revisions were run or addons or versions changed. Can be run again after it
    was killed at any point, and by several processes at once: they take turns. Raises EvolutionError.
    """
    graph = read_graph(composition)
    opened = _opened(composition, database)
    with opened.changing() as connection, held(connection, None) as lease:
        waiting = _pending(graph, connection)
        connection.rollback()
        steps = [bare_step(one, database.dialect) for one in waiting]
        run = Run(connection, graph, Journal(connection), verify=False, lease=lease)
        if progress is not None:
            run.progress = lambda step, number, total, rows: (
                progress(graph.revisions[step.addon, step.name], number, total)
                if rows is None
                else None
            )
        apply_steps(run, steps)
        with begun(connection):
            record(connection, packages_of(composition, graph))
    return waiting


def _opened(composition: Composition, database: Database) -> Opened:
    return Opened(composition.ini, None, database)


def _pending(graph: Graph, connection: Connection) -> list[Revision]:
    return order(graph, applied(graph, read_heads(connection, graph)))
