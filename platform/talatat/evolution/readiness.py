"""Whether a database is where a composition needs it to be.

It need not be exactly there. A newer release may have added to it (expand, data) while processes of the
older one serve, and what is still to be taken away (contract) may wait for those. Only what was taken
away already, by a revision that this composition does not know, cannot be served.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from talatat.evolution import tables
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.ledger import Entry, Key, read_ledger
from talatat.evolution.observed import read_heads
from talatat.evolution.opening import unreachable
from talatat.evolution.planner import applied, closed, order
from talatat.evolution.served import Served

if TYPE_CHECKING:
    from talatat.system import System


@dataclass(frozen=True)
class Status:
    """`missing` are revisions that `command` would run; `problem` is what no command of ours mends.

    `beyond` are applied revisions that took away what this composition may need; `command` then installs
    the version that knows them. `release` is the one that this composition is.
    """

    ok: bool
    release: int | None = None
    missing: list[dict[str, str]] = field(default_factory=list)
    problem: str | None = None
    command: str | None = None
    beyond: list[dict[str, str | None]] = field(default_factory=list)
    unreachable: bool = False

    @property
    def word(self) -> str:
        """`ok`, `not_applied`, `superseded` or `unavailable`."""
        if self.ok or self.beyond:
            return "superseded" if self.beyond else "ok"
        return "not_applied" if self.command else "unavailable"


def status(system: System, served: Served | None = None) -> Status:
    """Compare the database with the composition; never raises for a database that is not there.

    `served` is what the process knew at its start; without it the revisions are read anew.
    """
    served = served or Served(system)
    database = system.database
    try:
        with database.reading_engine.connect() as connection:
            return compare(connection, served)
    except SQLAlchemyError as error:
        try:
            raise unreachable(system.composition.ini, database, error) from error
        except EvolutionError as worded:
            return Status(False, problem=str(worded), unreachable=True)


def compare(connection: Connection, served: Served) -> Status:
    """Compare the database that is reached over `connection`. Raises SQLAlchemyError."""
    try:
        done, beyond = standing(connection, served.graph)
        missing = needed(order(served.graph, done))
        there = inspect(connection).has_table(tables.releases.name)
        release = served.release(connection) if there else None
    except EvolutionError as error:
        return Status(False, problem=str(error))
    if beyond:
        return _superseded(served.system, release, beyond)
    if not missing:
        return Status(True, release)
    return Status(
        False,
        release,
        [{"addon": one.addon, "revision": one.revision} for one in missing],
        command=f"talatat apply {served.system.composition.ini.uri}",
    )


def mark_of(connection: Connection) -> tuple[int | None, int | None]:
    """Return what changes whenever the database is brought somewhere: its ledger and its releases."""
    last = connection.scalar(select(func.max(tables.ledger.c.position)))
    return last, connection.scalar(select(func.max(tables.releases.c.number)))


def standing(connection: Connection, graph: Graph) -> tuple[set[Key], list[Entry]]:
    """Return the revisions of `graph` that were applied, and those that it lacks and cannot live with.

    Raises EvolutionError where a revision stands in a version table that neither has nor the ledger.
    """
    heads = read_heads(connection, graph)
    unknown = [(a, r) for a, found in heads.items() for r in found if (a, r) not in graph.revisions]
    if not unknown:
        return applied(graph, heads), []
    known: Mapping[Key, Entry] = {}
    if inspect(connection).has_table(tables.ledger.name):
        known = read_ledger(connection, texts=False).applied()
    ahead, below = _walk(graph, known, unknown)
    own = {addon: [r for r in found if (addon, r) not in ahead] for addon, found in heads.items()}
    for addon, revision in below:
        own[addon].append(revision)
    done = applied(graph, own)
    return done, [known[key] for key in known if key in ahead and known[key].phase == "contract"]


def _walk(
    graph: Graph, known: Mapping[Key, Entry], unknown: Collection[Key]
) -> tuple[set[Key], list[Key]]:
    """Go down from revisions that no file has: those above the files' own, and where they stand on these."""
    ahead: set[Key] = set()
    below: list[Key] = []
    waiting = [key for key in unknown if key in known]
    while waiting:
        key = waiting.pop()
        if key in graph.revisions or key not in known:
            below.append(key)
        elif key not in ahead:
            ahead.add(key)
            waiting += [(key[0], one) for one in known[key].down]
    return ahead, below


def needed(pending: list[Revision]) -> list[Revision]:
    """Return those of `pending`, in order, without which the composition cannot serve.

    What takes away is not among them, except where something that is needed stands on it.
    """
    return closed(pending, (one.key for one in pending if one.phase != "contract"))


def _superseded(system: System, release: int | None, beyond: list[Entry]) -> Status:
    last = {one.addon: one for one in beyond}
    distributions = {one.name: one.distribution for one in system.composition.addons}
    wanted = [
        f'"{distributions.get(addon, addon)}=={one.version}"'
        for addon, one in last.items()
        if one.version
    ]
    command = f"pip install {' '.join(wanted)}" if len(wanted) == len(last) else None
    told = ", ".join(
        f"{one} (of {one.addon} {one.version or 'of a newer version'})" for one in beyond
    )
    return Status(
        False,
        release,
        problem=(
            f"the database has gone beyond this process: it was contracted by {told}, which the installed "
            f"versions do not know. Install what knows it and start the process again"
            f"{f': {command}' if command else ''}, or go back: talatat rollback "
            f"{system.composition.ini.uri} --to {release or 'N'}."
        ),
        command=command,
        beyond=[
            {"addon": one.addon, "revision": one.revision, "version": one.version} for one in beyond
        ],
    )
