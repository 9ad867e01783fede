"""Resolving the declared set of addons: closed, checked and in order.

Order is a property of the requirements, never of luck: topological, ties in the order of the .ini.
Everything that is wrong with the set is reported at once, each with the line of the .ini to change.
No addon is imported.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from hashlib import blake2b

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from talatat.addons import Installed, Inventory, inventory, plain_package
from talatat.errors import CompositionError
from talatat.ini import Entry, Ini, Place

PLATFORM = "talatat"


@dataclass(frozen=True)
class ComposedAddon:
    """One addon of a composition: its metadata, what it requires directly, and why it is there.

    `place` is the line of the .ini that lists it; `implied` says that a requirement brought it.
    """

    name: str
    package: str
    distribution: str
    version: str
    summary: str
    requires: tuple[str, ...]
    implied: bool
    place: Place | None
    critical: bool = False
    plain: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.version}" + (f" ({self.place})" if self.place else "")


@dataclass(frozen=True)
class Composition:
    """The ordered, checked set of addons that one .ini declares.

    `left_out` tells, for each addon that quarantine or `without` took away, why. `safe` asks for
    quarantine whatever the .ini says. `installed` are the names of all addons that are.
    """

    addons: tuple[ComposedAddon, ...]
    ini: Ini
    left_out: Mapping[str, str] = field(default_factory=dict)
    safe: bool = False
    installed: frozenset[str] = frozenset()

    @cached_property
    def by_name(self) -> Mapping[str, ComposedAddon]:
        """The addons by name."""
        return {addon.name: addon for addon in self.addons}

    @cached_property
    def _by_package(self) -> Mapping[str, str]:
        return {addon.package: addon.name for addon in self.addons}

    def addon_of_module(self, module: str) -> str | None:
        """The addon in whose package a module, or a logger of its name, stands."""
        while module:
            if module in self._by_package:
                return self._by_package[module]
            module = module.rpartition(".")[0]
        return None

    @cached_property
    def digest(self) -> str:
        """Of the names, in order: what a document of one composition may not be taken for by another."""
        return blake2b("\n".join(self.names).encode(), digest_size=16).hexdigest()

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The place of each addon in the order of composition."""
        return {addon.name: number for number, addon in enumerate(self.addons)}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(addon.name for addon in self.addons)

    @cached_property
    def closures(self) -> Mapping[str, frozenset[str]]:
        """For each addon all that it requires, directly or not; the platform included."""
        closed: dict[str, frozenset[str]] = {}
        for addon in self.addons:  # in order, so what it requires is closed already
            known = [closed[name] | {name} for name in addon.requires if name in closed]
            closed[addon.name] = frozenset({PLATFORM}).union(*known)
        return closed

    def requires(self, one: str, other: str) -> bool:
        """Whether `one` requires `other`, directly or not. Every addon requires the platform."""
        return other in self.closures.get(one, ())

    def without(self, reasons: Mapping[str, str]) -> "Composition":
        """The composition less those addons and all that require them."""
        gone = dict(reasons)
        for addon in self.addons:
            lost = [name for name in addon.requires if name in gone]
            if lost and addon.name not in gone:
                gone[addon.name] = f"requires {lost[0]}, which is left out"
        kept = tuple(addon for addon in self.addons if addon.name not in gone)
        return replace(self, addons=kept, left_out={**self.left_out, **gone})


def resolve(
    ini: Ini, stock: Inventory | None = None, leaving: Mapping[str, str] | None = None
) -> Composition:
    """Close, check and order what `ini` declares, but for the entries that `leaving` gives reasons for.

    Raises `CompositionError` with every problem: unknown and duplicate addons, distributions that are
    missing, versions that do not fit, cycles.
    """
    stock = stock or inventory()
    leaving = leaving or {}
    entries, problems = ini.addons()
    entries = [entry for entry in entries if entry.name not in leaving]
    listed = _listed(entries, stock, ini, problems)
    closed = _close(listed, stock, problems)
    order = _ordered(closed, [entry.name for entry, _ in listed.values()], problems)
    if problems:
        raise CompositionError(problems)
    addons = tuple(closed[name] for name in order)
    return Composition(addons, ini, dict(leaving), installed=frozenset(stock.addons))


def unresolvable(ini: Ini, stock: Inventory | None = None) -> dict[str, str]:
    """Return the declared addons that are not installed, or whose requirements are not, and why."""
    stock = stock or inventory()
    found: dict[str, str] = {}
    for entry in ini.addons()[0]:
        problems: list[str] = []
        _close(_listed([entry], stock, ini, problems), stock, problems)
        if problems:
            found[entry.name] = problems[0]
    return found


def _listed(
    entries: Iterable[Entry], stock: Inventory, ini: Ini, problems: list[str]
) -> dict[str, tuple[Entry, Installed]]:
    listed: dict[str, tuple[Entry, Installed]] = {}
    for entry in entries:
        where = entry.place or ini.shown
        if entry.name in listed:
            problems.append(
                f"{where}: addon {entry.name!r} is listed twice, first at "
                f"{listed[entry.name][0].place or ini.shown}. Delete one of the lines."
            )
        elif entry.name in stock.duplicates:
            problems.append(
                f"{where}: {' and '.join(stock.duplicates[entry.name])} both offer an addon named "
                f"{entry.name!r}. Uninstall one of them."
            )
        elif found := stock.addons.get(entry.name) or plain_package(entry.name):
            listed[entry.name] = (entry, found)
        else:
            problems.append(f"{where}: {_unknown(entry.name, stock)}")
    return listed


def _unknown(name: str, stock: Inventory) -> str:
    if "," in name:
        return (
            f"there is no addon {name!r}. Names stand one to a line, or with spaces between them: take the "
            f"comma away."
        )
    near = get_close_matches(name, stock.names(), 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"there is no addon {name!r}.{hint} Installed: {', '.join(stock.names()) or '(none)'}. "
        f"Install the distribution that offers it, or change the line."
    )


def _close(
    listed: Mapping[str, tuple[Entry, Installed]], stock: Inventory, problems: list[str]
) -> dict[str, ComposedAddon]:
    closed: dict[str, ComposedAddon] = {}
    waiting: list[tuple[Installed, Entry | None, Place | None]] = [
        (found, entry, entry.place) for entry, found in listed.values()
    ]
    while waiting:
        found, entry, place = waiting.pop(0)
        if found.name in closed:
            continue
        needed = [
            name
            for one in found.requirements
            if (name := _needs(found, one, stock, place, problems))
        ]
        closed[found.name] = ComposedAddon(
            found.name,
            found.package,
            found.distribution,
            found.version,
            found.summary,
            tuple(needed),
            entry is None,
            place if entry else None,
            found.critical,
            found.plain,
        )
        waiting += [
            (stock.addons[name], None, place)
            for name in needed
            if name not in closed and name not in listed
        ]
    return closed


def _needs(
    found: Installed, one: Requirement, stock: Inventory, place: Place | None, problems: list[str]
) -> str | None:
    """The addon that a requirement names, if it names one; what does not fit goes to `problems`."""
    if found.plain:
        return None
    version = stock.version(one.name)
    where = f"{place}: " if place else ""
    if version is None:
        problems.append(
            f"{where}addon {found.name!r} requires {one}, which is not installed. "
            f"Install it (pip install '{one}'), or take {found.name!r} out."
        )
        return None
    name = canonicalize_name(one.name)
    if not one.specifier.contains(version, prereleases=True) and (
        name == PLATFORM or name in stock.by_distribution
    ):
        problems.append(
            f"{where}addon {found.name!r} {found.version} requires {one}, but {one.name} {version} is "
            f"installed. Install a version that fits (pip install '{one}'), or another {found.name!r}."
        )
    return stock.by_distribution.get(name)


def _ordered(
    closed: Mapping[str, ComposedAddon], ini_order: list[str], problems: list[str]
) -> list[str]:
    """Kahn's algorithm; among those ready the first of the .ini, implied ones where first needed."""
    rank: dict[str, float] = {name: number for number, name in enumerate(ini_order)}
    for name in ini_order:
        _rank_implied(name, rank[name] - 0.5, closed, rank)
    waiting = {name: {n for n in addon.requires if n in closed} for name, addon in closed.items()}
    dependents: dict[str, list[str]] = {}
    for name, needed in waiting.items():
        for one in needed:
            dependents.setdefault(one, []).append(name)
    ready = [(rank[name], name) for name, needed in waiting.items() if not needed]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, done = heapq.heappop(ready)
        order.append(done)
        for name in dependents.get(done, ()):
            waiting[name].discard(done)
            if not waiting[name]:
                heapq.heappush(ready, (rank[name], name))
    if len(order) < len(closed):
        problems.append(_cycle(closed, set(closed) - set(order)))
    return order


def _rank_implied(
    name: str, value: float, closed: Mapping[str, ComposedAddon], rank: dict[str, float]
) -> None:
    for needed in closed[name].requires if name in closed else ():
        if needed in closed and needed not in rank:
            rank[needed] = value
            _rank_implied(needed, value, closed, rank)


def _cycle(closed: Mapping[str, ComposedAddon], tangled: set[str]) -> str:
    path = [min(tangled)]
    while (following := next(n for n in closed[path[-1]].requires if n in tangled)) not in path:
        path.append(following)
    cycle = [*path[path.index(following) :], following]
    places = "; ".join(str(closed[name]) for name in dict.fromkeys(cycle))
    return (
        f"these addons require each other in a circle: {' -> '.join(cycle)} ({places}). "
        f"Take one of them out, or install a version that does not require the next."
    )


__all__ = ["PLATFORM", "ComposedAddon", "Composition", "CompositionError", "resolve"]
