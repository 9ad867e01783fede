"""Finding the addons that are installed, from metadata alone.

An addon is a distribution with an entry point in the group `talatat.addons`; the entry point's name
is the addon's name. Its requirements, version, summary and licence are the distribution's. Nothing is
imported here, so that this list can be shown while an addon is broken.
"""

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

    `by_distribution` gives the addon, `versions` the version of a distribution's canonical name.
    """

    addons: Mapping[str, Installed]
    duplicates: Mapping[str, tuple[str, ...]]
    by_distribution: Mapping[str, str]
    versions: Mapping[str, str]

    def names(self) -> list[str]:
        """The names, sorted."""
        return sorted(self.addons)


def inventory(found: Iterable[Distribution] | None = None) -> Inventory:
    """Read the metadata of every distribution on the path. Imports no addon."""
    offers: dict[str, list[Installed]] = defaultdict(list)
    versions: dict[str, str] = {}
    for dist in distributions() if found is None else found:
        name = canonicalize_name(dist.metadata["Name"] or "")
        if name in versions:  # a second copy farther down the path is shadowed by the first
            continue
        versions[name] = dist.version
        for addon in _offered(dist):
            offers[addon.name].append(addon)
    return Inventory(
        {name: found_[0] for name, found_ in offers.items()},
        {
            name: tuple(addon.distribution for addon in found_)
            for name, found_ in offers.items()
            if len(found_) > 1
        },
        {canonicalize_name(found_[0].distribution): name for name, found_ in offers.items()},
        versions,
    )


def _offered(dist: Distribution) -> Iterable[Installed]:
    points = dist.entry_points
    critical = {point.name for point in points if point.group == CRITICAL_GROUP}
    for point in points:
        if point.group == GROUP:
            yield _described(dist, point.name, point.value, critical=point.name in critical)


def _described(dist: Distribution, name: str, package: str, *, critical: bool = False) -> Installed:
    meta = cast("Message", dist.metadata)  # what importlib.metadata returns
    return Installed(
        name=name,
        package=package.partition(":")[0],
        distribution=meta["Name"],
        version=dist.version,
        summary=meta.get("Summary") or "",
        author=meta.get("Author") or meta.get("Author-email") or "",
        licence=meta.get("License-Expression") or meta.get("License") or "",
        requirements=tuple(_requirements(dist)),
        critical=critical,
    )


def _requirements(dist: Distribution) -> Iterable[Requirement]:
    for text in dist.requires or ():
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
