"""Packages, and the states of addons: enabled, disabled, upgraded, downgraded, restored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from packaging.version import InvalidVersion, Version

from talatat.composition import PLATFORM
from talatat.evolution.differences.comparing import Pair
from talatat.evolution.model import Change

_ASLEEP = "its data stays in the database, asleep"


def states(
    pair: Pair, archives: Collection[str] = (), left_out: Mapping[str, str] | None = None
) -> Iterator[Change]:
    """The changes of the sections `packages` and `states`."""
    old, new = pair.old, pair.new
    before, now = _addons(old), _addons(new)
    yield from _platform(old.get("platform"), new.get("platform"))
    for name, addon in now.items():
        if name not in before:
            yield Change("packages", "+", _package(addon), name)
            yield _enabled(name, addon, restored=name in archives)
        else:
            yield from _changed(name, before[name], addon, old, new)
    for name, addon in before.items():
        if name not in now:
            yield Change("packages", "-", _package(addon), name, "not composed any more")
            yield _disabled(name, (left_out or {}).get(name))
    if [one for one in before if one in now] != [one for one in now if one in before]:
        detail = f"{', '.join(before)} -> {', '.join(now)}"
        yield Change("states", "~", "order of composition", None, detail, "notice")


def _addons(surface: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {one["name"]: one for one in surface.get("addons", ())}


def _package(addon: Mapping[str, Any]) -> str:
    return f"{addon.get('distribution', addon['name'])} {addon['version']}"


def _platform(old: str | None, new: str | None) -> Iterator[Change]:
    if new is not None and old != new:
        if old is None:
            yield Change("packages", "+", f"{PLATFORM} {new}", PLATFORM)
        else:
            yield Change("packages", "~", PLATFORM, PLATFORM, f"{old} -> {new}", _weight(old, new))


def _enabled(name: str, addon: Mapping[str, Any], *, restored: bool) -> Change:
    if restored:
        return Change(
            "states", "+", name, name, "restored: its archived data is moved back", "notice"
        )
    why = ", for an addon requires it" if addon.get("implied") else ""
    return Change("states", "+", name, name, f"enabled{why}")


def _disabled(name: str, why: str | None) -> Change:
    if why is None:
        return Change("states", "-", name, name, f"disabled; {_ASLEEP}", "notice")
    return Change("states", "!", name, name, f"left out; {_ASLEEP}: {why}", "warning")


def _changed(
    name: str,
    was: Mapping[str, Any],
    addon: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> Iterator[Change]:
    if was["version"] != addon["version"]:
        versions = f"{was['version']} -> {addon['version']}"
        distribution = addon.get("distribution", name)
        weight = _weight(was["version"], addon["version"])
        yield Change("packages", "~", distribution, name, versions, weight)
        word = "downgraded" if weight == "warning" else "upgraded"
        heads = _heads(name, old, new)
        yield Change("states", "~", name, name, f"{word} {versions}{heads}", weight)
    elif heads := _heads(name, old, new):
        yield Change("states", "~", name, name, f"other revisions{heads}", "notice")
    if "distribution" in was and was["distribution"] != addon["distribution"]:
        detail = f"now of {addon['distribution']}, formerly of {was['distribution']}"
        yield Change("packages", "~", name, name, detail, "warning")
    if "requires" in was and was["requires"] != addon["requires"]:
        detail = f"requires {_listed(was['requires'])} -> {_listed(addon['requires'])}"
        yield Change("states", "~", name, name, detail)
    if "implied" in was and was["implied"] != addon["implied"]:
        detail = "no longer listed, but required" if addon["implied"] else "listed by itself now"
        yield Change("states", "~", name, name, detail)


def _heads(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    was, now = old.get("heads", {}).get(name, []), new.get("heads", {}).get(name, [])
    return "" if was == now else f", revision {_listed(was)} -> {_listed(now)}"


def _listed(names: list[str]) -> str:
    return " + ".join(names) if names else "none"


def _weight(old: str, new: str) -> str:
    """`warning` for a lower version: code that is older than the data may not know it."""
    try:
        return "warning" if Version(new) < Version(old) else "info"
    except InvalidVersion:
        return "notice"
