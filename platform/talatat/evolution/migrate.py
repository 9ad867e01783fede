"""Bringing a database to a composition."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import SQLAlchemyError

from talatat.composition import Composition
from talatat.db.session import Database
from talatat.db.types import utcnow
from talatat.evolution.graph import Graph, Revision, read_graph
from talatat.evolution.locking import begun, locked
from talatat.evolution.observed import last_release, read_heads
from talatat.evolution.opening import unreachable
from talatat.evolution.planner import applied, order
from talatat.evolution.runner import run
from talatat.evolution.tables import releases

# Called before each revision: the revision, its number from 1, how many there are in all.
Progress = Callable[[Revision, int, int], object]


def pending(composition: Composition, database: Database | Connection) -> list[Revision]:
    """Return the revisions that the database lacks, in order.

    Raises EvolutionError when the database is ahead or cannot be reached.
    """
    graph = read_graph(composition)
    if isinstance(database, Connection):
        return _pending(graph, database)
    try:
        with database.migration_engine.connect() as connection:
            return _pending(graph, connection)
    except SQLAlchemyError as error:
        raise unreachable(composition.ini, database, error) from error


def bring_to(
    composition: Composition, database: Database, progress: Progress | None = None
) -> list[Revision]:
    """Run what the database lacks, each revision in a transaction of its own; return what was run.

    Records a release when revisions were run or addons or versions changed. Can be run again after it
    was killed at any point, and by several processes at once: they take turns. Raises EvolutionError.
    """
    graph = read_graph(composition)
    try:
        with database.migration_engine.connect() as connection, locked(connection):
            done = _run_all(graph, connection, progress)
            with begun(connection):
                _record_release(composition, graph, connection)
    except SQLAlchemyError as error:
        raise unreachable(composition.ini, database, error) from error
    return done


def _pending(graph: Graph, connection: Connection) -> list[Revision]:
    return order(graph, applied(graph, read_heads(connection, graph)))


def _run_all(graph: Graph, connection: Connection, progress: Progress | None) -> list[Revision]:
    done: list[Revision] = []
    while True:
        # Asked again before each: on SQLite another process may have run it while this one waited.
        with begun(connection):
            waiting = _pending(graph, connection)
            if not waiting:
                return done
            if progress is not None:
                progress(waiting[0], len(done) + 1, len(done) + len(waiting))
            run(connection, graph, waiting[0])
            done.append(waiting[0])


def surface(composition: Composition, graph: Graph) -> dict[str, Any]:
    """Return what a release is compared by: the addons, their versions and their revisions."""
    return {
        "addons": [{"name": one.name, "version": one.version} for one in composition.addons],
        "heads": {addon: graph.heads(addon) for addon in sorted(graph.folders)},
    }


def _record_release(composition: Composition, graph: Graph, connection: Connection) -> None:
    last = last_release(connection)
    made = surface(composition, graph)
    if last is None or last[1] != made:
        number = 1 if last is None else last[0] + 1
        row = {"number": number, "made_at": utcnow(), "who": _who(), "surface": made}
        connection.execute(insert(releases).values(row))


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
