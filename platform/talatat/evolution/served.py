"""Which release a process serves: it depends on what it was started with, not on what came since.

A process of an older release goes on, or is even started again, while a newer one is applied. What it
serves is the newest release that is this composition; where none is (an addon was left out on request),
the newest of which it knows every revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, desc, func, select

from talatat.evolution.canonical import digest
from talatat.evolution.graph import Graph, read_graph
from talatat.evolution.surface import surface_of
from talatat.evolution.tables import releases
from talatat.system import System

# How far back it is looked. A process that is older than that is older than all releases: 0.
FURTHEST = 500


class Served:
    """What one composed process knows of itself, from its start on, and the release that it serves.

    `registry` is needed only to tell releases apart that differ in nothing but their settings.
    """

    def __init__(self, system: System, registry: Any = None) -> None:
        self.system = system
        self._registry = registry
        self._graph: Graph | None = None
        self._surface: str | None = None
        self._newest: int | None = None
        self._release: int | None = None

    @property
    def graph(self) -> Graph:
        """The revisions as they were when they were first asked for: files may be newer than the process.

        Raises EvolutionError.
        """
        if self._graph is None:
            self._graph = read_graph(self.system.composition)
        return self._graph

    def release(self, connection: Connection) -> int | None:
        """Return the number of the release, 0 where it is older than all, None where there is none yet."""
        newest = connection.scalar(select(func.max(releases.c.number)))
        if newest != self._newest:
            # A release that came since may be this composition too: the first apply, or a way back.
            self._release = self._find(connection)
            self._newest = newest
        return self._release

    def _find(self, connection: Connection) -> int | None:
        # Documents are large: only the parts that tell packages apart are read of all of them.
        parts = releases.c.surface["addons"], releases.c.surface["heads"]
        query = select(releases.c.number, *parts).order_by(desc(releases.c.number)).limit(FURTHEST)
        found = [
            (number, _versions(addons), heads or {})
            for number, addons, heads in connection.execute(query)
        ]
        if not found:
            return None
        own = ({one.name: one.version for one in self.system.composition.addons}, self._heads())
        same: list[int] = [number for number, *parts in found if tuple(parts) == own]
        if len(same) > 1:
            return next((one for one in same if self._is_exactly(connection, one)), same[0])
        known: list[int] = [number for number, _, heads in found if self._knows(heads)]
        return [*same, *known, 0][0]

    def _heads(self) -> dict[str, list[str]]:
        return {addon: self.graph.heads(addon) for addon in self.graph.folders}

    def _is_exactly(self, connection: Connection, number: int) -> bool:
        if self._registry is None:
            return False
        if self._surface is None:
            self._surface = digest(surface_of(self._registry))
        query = select(releases.c.surface).where(releases.c.number == number)
        return digest(connection.scalar(query)) == self._surface

    def _knows(self, heads: Mapping[str, list[str]]) -> bool:
        return all(
            (addon, revision) in self.graph.revisions
            for addon in self.graph.folders
            for revision in heads.get(addon, ())
        )


def _versions(addons: list[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {one["name"]: one.get("version") for one in addons or ()}
