"""The hypothesis machine: random histories of one system, with the oracle beside it.

Each rule takes one number, from which all that it chooses follows; so a history that fails is told by a
short list of calls, which can be played again by hand.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from grove.looking import remove
from grove.real import real_shelf
from grove.shelves import shelf
from grove.warm import Warm
from grove.world import Counts, World, Wrong, heads_of
from grove.writing import Store
from talatat.cli.main import COMMANDS

SHELVES = 24
REAL = 3  # of so many shelves one has this repository's own addons
SEEDS = st.integers(0, 2**20)


class Played(BaseException):
    """As many histories were played as are wanted; no failure, so hypothesis leaves it alone."""


@dataclass
class Ground:
    """What all histories of one run share. `make_url` and `drop_url` make and drop a database.

    `wanted` is how many to play. Hypothesis counts those alone that used up none of its limits, and would
    play on: `Played` ends the run, at the end of a history. Raised at the begin of one it would be a
    history that stops where another one with the same begin went on, which hypothesis takes for chance.
    """

    folder: Path
    warm: Warm
    make_url: Callable[[], str]
    drop_url: Callable[[str], None]
    counts: Counts = field(default_factory=Counts)
    stores: dict[int, Store] = field(default_factory=dict)
    wanted: int | None = None

    @property
    def played(self) -> bool:
        """Whether that many were played."""
        return self.wanted is not None and self.counts.done.get("histories", 0) >= self.wanted

    def store(self, seed: int) -> Store:
        if seed not in self.stores:
            series = real_shelf(seed) if seed % REAL == REAL - 1 else shelf(seed)
            self.stores[seed] = Store(self.folder / f"store{seed}", series)
        return self.stores[seed]


def ground_on(folder: Path, warm: Warm, server: Any = None) -> Ground:
    """A ground on files below `folder`, or on databases of a PostgreSQL server."""
    if server is not None:
        return Ground(folder, warm, server.create_database, server.drop_database)

    def make() -> str:
        return f"sqlite:///{tempfile.mkdtemp(dir=folder)}/system.sqlite"

    return Ground(folder, warm, make, remove)


class Histories(RuleBasedStateMachine):
    """A random history. `ground` is set by `on`."""

    ground: ClassVar[Ground]
    world: World | None = None
    place = 0

    @classmethod
    def on(cls, ground: Ground) -> type[Histories]:
        """The machine on one kind of database."""
        return type("HistoriesOn", (cls,), {"ground": ground})

    @initialize(seed=st.integers(0, SHELVES - 1), chosen=SEEDS)
    def begin(self, seed: int, chosen: int) -> None:
        """A new system with one addon or some, of first releases or later ones."""
        rng = self.chance(chosen)
        folder = Path(tempfile.mkdtemp(dir=self.ground.folder))
        store = self.ground.store(seed)
        self.world = World(
            folder, self.ground.make_url(), store, self.ground.warm, self.ground.counts
        )
        for addon, series in store.series.items():
            early = series.releases[: rng.choice([1, 1, 2, 3])]
            self.world.install(addon, rng.choice(early).version)
        self.proposed(rng) or self.fallback()
        self.world.apply()
        self.ground.counts.add("histories")
        self.world.write(rng)

    def fallback(self) -> bool:
        """The core alone, which always fits."""
        self.here.declare([self.core])
        return True

    def chance(self, seed: int) -> Random:
        """What follows from the number of a rule at this place in the history."""
        self.place += 1
        return Random(f"{seed} at {self.place}")

    @property
    def core(self) -> str:
        """The addon that requires no other."""
        return next(iter(self.here.store.series))

    @property
    def here(self) -> World:
        assert self.world is not None
        return self.world

    def proposed(self, rng: Random) -> bool:
        """Choose packages and an .ini that can be applied; whether that was found."""
        world = self.here
        installed, listed = dict(world.site.installed), list(world.listed)
        for _ in range(12):
            for addon, series in world.store.series.items():
                if rng.random() < 0.5:
                    current = [one.version for one in series.releases].index(installed[addon])
                    world.install(addon, rng.choice(series.releases[current:]).version)
            names = [name for name in world.store.series if rng.random() < 0.65]
            rng.shuffle(names)
            world.declare(names or [self.core])
            if world.fits() and world.reachable():
                return True
            self.put_packages_back(installed, listed)
        return False

    def put_packages_back(self, installed: dict[str, str], listed: list[str]) -> None:
        for addon, version in installed.items():
            self.here.install(addon, version)
        self.here.declare(listed)

    @rule(seed=SEEDS)
    def evolve(self, seed: int) -> None:
        """Enable, disable, upgrade, skip versions, reorder: all at once."""
        if self.proposed(self.chance(seed)):
            self.here.apply()

    @rule(seed=SEEDS)
    def upgrade(self, seed: int) -> None:
        """One addon to a later release, the .ini as it was."""
        world, rng = self.here, self.chance(seed)
        installed = dict(world.site.installed)
        addon = rng.choice(sorted(world.wanted()))
        releases = world.store.series[addon].releases
        place = [one.version for one in releases].index(installed[addon])
        for release in rng.sample(releases[place + 1 :], len(releases) - place - 1):
            world.install(addon, release.version)
            if world.fits() and world.reachable():
                world.apply()
                return
            world.install(addon, installed[addon])

    @rule(seed=SEEDS, kill_at=st.integers(1, 60))
    def crash(self, seed: int, kill_at: int) -> None:
        """An apply that is killed at one of its statements, and run again."""
        if self.proposed(self.chance(seed)):
            self.here.apply(kill_at)

    @rule(seed=SEEDS)
    @precondition(lambda self: len(self.here.oracle.versions) > 1)
    def disable(self, seed: int) -> None:
        """One addon less, with those that require it."""
        world = self.here
        gone = self.chance(seed).choice(sorted(world.wanted()))
        left = [name for name in world.wanted() if name != gone and gone not in self.closure(name)]
        if left:
            world.declare(left)
            world.apply()

    def closure(self, addon: str) -> set[str]:
        found: set[str] = set()
        for name in self.here.store.series[addon].requires:
            found |= {name} | self.closure(name)
        return found

    @rule(seed=SEEDS)
    def reorder(self, seed: int) -> None:
        """The same addons on other lines."""
        world = self.here
        world.declare(self.chance(seed).sample(world.listed, len(world.listed)))
        world.apply()

    @rule(seed=SEEDS)
    def write(self, seed: int) -> None:
        """Rows are written, changed and deleted, by SQL."""
        self.here.write(self.chance(seed))

    @rule(seed=SEEDS)
    def write_by_application(self, seed: int) -> None:
        """Rows are made by the composed application."""
        rng = self.chance(seed)
        self.here.make_by_application(rng, rng.randrange(1, 5))
        self.here.check()

    @rule(seed=SEEDS)
    def refuse(self, seed: int) -> None:
        """Packages that the database cannot be brought to: an older one, a line that parted."""
        world, rng = self.here, self.chance(seed)
        installed, listed = dict(world.site.installed), list(world.listed)
        for addon in rng.sample(sorted(world.wanted()), len(world.wanted())):
            for release in world.store.series[addon].releases:
                world.install(addon, release.version)
                if world.fits() and not world.reachable():
                    world.refuse()
                    self.put_packages_back(installed, listed)
                    return
            world.install(addon, installed[addon])

    @rule(seed=SEEDS)
    def stale(self, seed: int) -> None:
        """A saved plan is refused after anything moved, and good again when it moved back."""
        world, rng = self.here, self.chance(seed)
        if not self.proposed(rng):
            return
        plan, path = world.accepted_plan()
        if plan["exit_code"] != 2:
            return
        how = rng.choice(["schema", "packages", "addons"])
        if how == "schema":
            table = rng.choice(sorted(world.oracle.tables))
            world.look.execute(f"CREATE INDEX somebodys ON {table} (version)")
        elif how == "addons":
            listed = list(world.listed)
            others = [name for name in world.store.series if name not in world.wanted()]
            world.declare([*listed, *others] if others else [self.core])
            if others == [] and set(listed) == {self.core}:
                return
        else:
            addon = rng.choice(sorted(world.wanted()))
            before = world.site.installed[addon]
            others = [
                one.version for one in world.store.series[addon].releases if one.version != before
            ]
            world.install(addon, rng.choice(others))
        told = world.command("apply", str(world.ini), str(path), "--yes")
        world.expect(told, 1, 3)
        if how == "schema":
            world.look.execute("DROP INDEX somebodys")
        elif how == "addons":
            world.declare(listed)
        else:
            world.install(addon, before)
        self.ground.counts.add("stale plans refused")
        world.check()
        told = world.command("apply", str(world.ini), str(path), "--yes", "--json")
        world.expect(told, 0)
        world.applied()

    @rule(seed=SEEDS, kill_at=st.one_of(st.none(), st.none(), st.integers(1, 40)))
    @precondition(lambda self: len(self.here.oracle.releases) > 1 and "rollback" in COMMANDS)
    def roll_back(self, seed: int, kill_at: int | None) -> None:
        """Back to an older release, with its packages; perhaps killed on the way."""
        world = self.here
        numbers = sorted(world.oracle.releases)[:-1]
        number = self.chance(seed).choice(numbers[-4:])
        world.roll_back(number, kill_at)

    def asleep(self) -> list[str]:
        """Disabled addons whose data lie in the database, dependents first."""
        oracle = self.here.oracle
        there = {table.addon for table in oracle.tables.values()} - set(oracle.versions)
        return [
            name
            for name in sorted(there)
            if not any(name in self.closure(other) for other in there | set(oracle.versions))
        ]

    @rule(seed=SEEDS)
    @precondition(lambda self: self.asleep())
    def archive(self, seed: int) -> None:
        """The data of a disabled addon are moved away, perhaps to a file too."""
        rng = self.chance(seed)
        self.here.archive(rng.choice(self.asleep()), to_file=rng.random() < 0.4)

    @rule(seed=SEEDS)
    @precondition(lambda self: self.here.oracle.archived)
    def purge(self, seed: int) -> None:
        """An archive is dropped for good; what was exported to a file can still be restored."""
        self.here.purge(self.chance(seed).choice(sorted(self.here.oracle.archived)))

    def restorable(self) -> list[str]:
        """Addons of which only a file is left."""
        oracle = self.here.oracle
        there = {table.addon for table in oracle.tables.values()} | set(oracle.archived)
        return sorted(set(self.here.files) - there - set(oracle.versions))

    @rule(seed=SEEDS)
    @precondition(lambda self: self.restorable())
    def restore(self, seed: int) -> None:
        """An addon whose archive was purged comes back from the file."""
        world = self.here
        installed, listed = dict(world.site.installed), list(world.listed)
        addon = self.chance(seed).choice(self.restorable())
        archived = world.files[addon][1]
        for release in world.store.series[addon].releases:
            if heads_of(archived.standing) <= release.ids:
                world.install(addon, release.version)
                world.declare([*listed, addon])
                if world.fits() and world.reachable():
                    self.bring_parents(addon)
                    world.restore(addon)
                    return
        self.put_packages_back(installed, listed)

    def bring_parents(self, addon: str) -> None:
        """What the file's rows refer to has to be in the database before them; `restore` says so."""
        world = self.here
        listed = list(world.listed)
        missing = sorted(set(world.wanted()) - set(world.oracle.versions) - {addon})
        if missing:
            first = dict.fromkeys([*missing, *(one for one in listed if one != addon)])
            world.declare(list(first))
            world.apply()
            world.declare([*first, addon])

    def teardown(self) -> None:
        world = self.world
        if world is None:
            return
        sound = sys.exc_info()[0] is None
        try:
            if sound:
                fresh = self.ground.make_url()
                world.same_as_fresh(fresh)
                self.ground.drop_url(fresh)
        finally:
            world.close()
            self.ground.drop_url(world.url)
            shutil.rmtree(world.folder, ignore_errors=True)
        if sound and self.ground.played:
            raise Played


__all__ = ["SHELVES", "Any", "Ground", "Histories", "Wrong"]
