"""What the doctor knows of one system: its composition as far as it composes, and its database.

Everything is looked up once. What cannot be had (an addon that does not import, revisions that cannot be
read, a database that is not there) leaves out the checks that need it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, MetaData

from talatat.composition import PLATFORM, Composition
from talatat.evolution.archive.naming import owner_of
from talatat.evolution.drift.replaying import Replayed, build, metadatas_of, replay
from talatat.evolution.graph import EvolutionError, Graph, Revision, read_graph
from talatat.evolution.live import Schema
from talatat.evolution.observed import Observed
from talatat.evolution.opening import Opened
from talatat.evolution.planner import applied, order
from talatat.evolution.shadow import shadow
from talatat.evolution.tables import VERSION_TABLE

Told = Callable[[str], object]


def silent(what: str) -> None:
    """Tell nobody."""


# Stands for the name of an addon where nothing composes at all.
EVERY = "every addon"


@dataclass
class Case:
    """One system under examination.

    `composition` are the addons that can be resolved, importable or not (None where none can), `registry`
    is None where nothing composes; `absent` are the addons that were not composed, each with why. `told`
    is called before what takes long.
    """

    opened: Opened
    observed: Observed
    composition: Composition | None
    registry: Any | None
    absent: Mapping[str, str] = field(default_factory=dict)
    told: Told = silent
    left_out: list[str] = field(default_factory=list)

    @property
    def live(self) -> Schema:
        """The schema of the database. Raises EvolutionError where there is none yet."""
        if self.observed.schema is None:
            raise EvolutionError(f"there is no database at {self.opened.target} yet")
        return self.observed.schema

    @cached_property
    def graph(self) -> Graph:
        """The revisions of the composed addons, as their files are. Raises EvolutionError."""
        if self.composition is None:
            raise EvolutionError("the addons of the .ini cannot be resolved")
        return read_graph(self.composition)

    @cached_property
    def models(self) -> Schema:
        """The schema that the composed addons' models make. Raises EvolutionError."""
        if self.registry is None:
            raise EvolutionError("the system does not compose, so there are no models")
        self.told("making the models' tables in a throw-away database")
        with self.shadow() as engine:
            return build(engine, self._metadatas())

    @cached_property
    def modelled(self) -> Mapping[str, str]:
        """The addon of each table that a model describes."""
        if self.registry is None:
            return {}
        return {name: str(one.info["addon"]) for one in self._metadatas() for name in one.tables}

    def _metadatas(self) -> list[MetaData]:
        """Those of the addons that were composed."""
        assert self.registry is not None
        composition: Composition = self.registry.system.composition
        return metadatas_of(composition, composition.names)

    @cached_property
    def replayed(self) -> tuple[Replayed, Replayed | None]:
        """What the applied revisions make, and what all revisions of the composed addons make.

        The second is None where the files cannot be read. Raises EvolutionError.
        """
        with TemporaryDirectory(prefix="talatat-doctor-") as folder:
            standing, revisions = self._standing(Path(folder))
            self.told(f"running {len(revisions)} applied revisions in a throw-away database")
            with self.shadow() as engine:
                made = replay(engine, standing, revisions, lenient=True)
                return made, self._all(engine, made, revisions)

    def snapshots(self, addons: Collection[str]) -> Mapping[str, list[tuple[Revision, Any]]]:
        """For each addon its revisions in order, each with the schema of its tables after it."""
        with TemporaryDirectory(prefix="talatat-doctor-") as folder:
            standing, revisions = self._standing(Path(folder))
            graph = standing
            try:
                files = self.graph
            except EvolutionError:
                files = None
            if files is not None:
                graph = _merged(files, standing)
                revisions = order(graph, _missing(graph))
            found: dict[str, list[tuple[Revision, Any]]] = {addon: [] for addon in addons}

            def see(one: Revision, schema: Schema, owners: Mapping[str, str]) -> None:
                if one.addon in found:
                    own = {n: said for n, said in schema.canonical().items()
                           if owners.get(n) == one.addon and not n.endswith(VERSION_TABLE)}  # fmt: skip
                    found[one.addon].append((one, own))

            with self.shadow() as engine:
                replay(engine, graph, revisions, lenient=True, see=see)
            return found

    @contextmanager
    def shadow(self) -> Iterator[Engine]:
        """A throw-away database of the same kind."""
        opened = self.opened
        with shadow(opened.dialect, opened.database.url, opened.shadow_url) as engine:
            yield engine

    def owner(self, table: str) -> str | None:
        """The addon that a table belongs to by its name; the platform's are the platform's."""
        known = {*self.observed.heads, *(self.composition.names if self.composition else ())}
        if table.startswith(f"{PLATFORM}_"):
            return PLATFORM
        return owner_of(table, known)

    def tables_of(self, addon: str) -> list[str]:
        """The tables in the database that belong to an addon by their names, its version table aside."""
        return [
            name
            for name in self.live.tables
            if self.owner(name) == addon and not name.endswith(VERSION_TABLE)
        ]

    def _standing(self, folder: Path) -> tuple[Graph, list[Revision]]:
        """The revisions that were applied: as the ledger keeps them, or else as their files are."""
        kept = self.observed.ledger.graph(folder)
        try:
            files: Graph | None = self.graph
        except EvolutionError:
            files = None
        revisions: dict[tuple[str, str], Revision] = {}
        folders: dict[str, Path] = {}
        for addon, heads in self.observed.heads.items():
            source = _source(addon, heads, kept, files)
            if source is None:
                self._leave_out(
                    f"drift of {addon}: it stands at {', '.join(heads)}, which neither the ledger nor an "
                    f"installed package has"
                )
            elif heads:
                done = applied(source, {addon: heads})
                revisions |= {key: source.revisions[key] for key in done}
                folders[addon] = source.folders[addon]
        rank = self._rank([*folders])
        graph = Graph(revisions, {name: rank[name] for name in folders}, {}, folders)
        return graph, order(graph, _missing(graph))

    def _leave_out(self, what: str) -> None:
        if what not in self.left_out:
            self.left_out.append(what)

    def _all(self, engine: Engine, made: Replayed, done: list[Revision]) -> Replayed | None:
        try:
            graph = self.graph
        except EvolutionError:
            return None
        same = all(graph.revisions[one.key].checksum == one.checksum for one in done
                   if one.key in graph.revisions)  # fmt: skip
        composed = {one.key for one in done if one.addon in graph.folders}
        if same and composed <= set(graph.revisions) and not made.failed:
            waiting = order(graph, composed)
            return replay(engine, graph, waiting, made.owners, lenient=True) if waiting else made
        with self.shadow() as another:
            return replay(another, graph, order(graph, ()), lenient=True)

    def _rank(self, addons: list[str]) -> dict[str, int]:
        names = [PLATFORM, *(self.composition.names if self.composition else ())]
        known = [*names, *sorted(set(addons) - set(names))]
        return {name: place for place, name in enumerate(known)}


def _source(addon: str, heads: list[str], kept: Graph, files: Graph | None) -> Graph | None:
    for graph in (kept, files):
        if graph is not None and all((addon, one) in graph.revisions for one in heads):
            return graph
    return None


def _missing(graph: Graph) -> set[tuple[str, str]]:
    """What revisions require that is not there any more: of addons that were archived or purged."""
    needed = {(a, r) for one in graph.revisions.values() for a, r in one.requires.items()}
    return needed - set(graph.revisions)


def _merged(files: Graph, standing: Graph) -> Graph:
    """The files of the composed addons, and what was applied of the others."""
    others = [addon for addon in standing.folders if addon not in files.folders]
    revisions = {**files.revisions}
    revisions |= {one.key: one for addon in others for one in standing.of(addon)}
    ranks = dict(files.order)
    ranks |= {addon: len(ranks) + place for place, addon in enumerate(others)}
    folders = {**files.folders, **{addon: standing.folders[addon] for addon in others}}
    return Graph(revisions, ranks, files.versions, folders)
