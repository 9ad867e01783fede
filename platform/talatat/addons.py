"""Finding the addons that are installed, from metadata alone.

An addon is a distribution with an entry point in the group `talatat.addons`; the entry point's name
is the addon's name. Its requirements, version, summary and licence are the distribution's. Nothing is
imported here, so that this list can be shown while an addon is broken.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from importlib.util import find_spec
from typing import cast

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

GROUP = "talatat.addons"
CRITICAL_GROUP = "talatat.critical"


@dataclass(frozen=True)
class Installed:
    """An installed addon as its metadata describes it.

    `requirements` are the distribution's own (extras left out, markers that do not hold left out).
    """

    name: str
    package: str
    distribution: str
    version: str
    summary: str = ""
    author: str = ""
    licence: str = ""
    requirements: tuple[Requirement, ...] = ()
    critical: bool = False
    plain: bool = False  # a Pyramid package named by its dotted name


@dataclass(frozen=True)
class Inventory:
    """All installed addons by name, and names that more than one distribution offers.

    `by_distribution` gives the addon of a distribution's canonical name; `path` is where it was looked.
    """

    addons: Mapping[str, Installed]
    duplicates: Mapping[str, tuple[str, ...]]
    by_distribution: Mapping[str, str]
    path: tuple[str, ...]

    def names(self) -> list[str]:
        """The names, sorted."""
        return sorted(self.addons)

    def version(self, distribution: str) -> str | None:
        """The version of an installed distribution, an addon or not; None where it is not there."""
        found = next(iter(distributions(name=distribution, path=list(self.path))), None)
        return None if found is None else found.version


def inventory(path: Iterable[str] | None = None) -> Inventory:
    """Find the addons on `path` (`sys.path` where None). Imports none of them.

    Only the metadata of distributions that offer an addon is parsed: that of all others would be half
    of the time that composing takes.
    """
    where = tuple(sys.path if path is None else path)
    offers: dict[str, list[Installed]] = defaultdict(list)
    seen: set[str] = set()
    for dist in distributions(path=list(where)):
        if f"[{GROUP}]" not in (dist.read_text("entry_points.txt") or ""):
            continue
        meta = cast(
            "Message", dist.metadata
        )  # what importlib.metadata returns, read anew each time
        name = canonicalize_name(meta["Name"])
        if name in seen:  # a second copy farther down the path is shadowed by the first
            continue
        seen.add(name)
        for addon in _offered(dist, meta):
            offers[addon.name].append(addon)
    return Inventory(
        {name: found[0] for name, found in offers.items()},
        {
            name: tuple(addon.distribution for addon in found)
            for name, found in offers.items()
            if len(found) > 1
        },
        {canonicalize_name(found[0].distribution): name for name, found in offers.items()},
        where,
    )


def _offered(dist: Distribution, meta: Message) -> Iterable[Installed]:
    points = dist.entry_points
    critical = {point.name for point in points if point.group == CRITICAL_GROUP}
    for point in points:
        if point.group == GROUP:
            yield _described(meta, point.name, point.value, critical=point.name in critical)


def _described(meta: Message, name: str, package: str, *, critical: bool = False) -> Installed:
    return Installed(
        name=name,
        package=package.partition(":")[0],
        distribution=meta["Name"],
        version=meta["Version"],
        summary=meta.get("Summary") or "",
        author=meta.get("Author") or meta.get("Author-email") or "",
        licence=meta.get("License-Expression") or meta.get("License") or "",
        requirements=tuple(_requirements(meta.get_all("Requires-Dist") or ())),
        critical=critical,
    )


def _requirements(texts: Iterable[str]) -> Iterable[Requirement]:
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # somebody else's metadata: pip would not have installed it
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def plain_package(dotted: str) -> Installed | None:
    """A plain Pyramid package by its dotted name, or None where it is not installed."""
    try:
        if find_spec(dotted.partition(".")[0]) is None:
            return None
    except (ImportError, ValueError):
        return None
    dist = _providing(dotted.partition(".")[0])
    return Installed(
        name=dotted,
        package=dotted,
        distribution=dist.metadata["Name"] if dist else dotted,
        version=dist.version if dist else "0",
        summary=(dist.metadata["Summary"] or "") if dist else "",
        plain=True,
    )


def _providing(package: str) -> Distribution | None:
    """The distribution of the same name, which is how Pyramid packages are called."""
    try:
        return distribution(package)
    except PackageNotFoundError:
        return None
