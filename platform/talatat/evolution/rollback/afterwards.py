"""What the operator does after a rollback: versions to install, lines of the .ini to change.

Nothing is installed and no .ini is edited here: both are the operator's, and in version control.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from talatat.composition import PLATFORM
from talatat.evolution.rollback.planning import Prepared
from talatat.ini import Ini


@dataclass(frozen=True)
class Afterwards:
    """`pins` are what pip is to be given, `edits` what is to be changed in which line of the .ini."""

    pins: tuple[str, ...]
    edits: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def install(self) -> str | None:
        """The command that installs the versions, or None where they are there."""
        return f"pip install {' '.join(repr(one) for one in self.pins)}" if self.pins else None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "install": self.install}

    def __bool__(self) -> bool:
        return bool(self.pins or self.edits or self.notes)


def afterwards(made: Prepared) -> Afterwards:
    """Compare what is installed and what the .ini says with the release that was gone back to."""
    surface = made.target.surface
    ini = made.opened.ini
    edits = [*_addons(ini, surface), *_settings(ini, made.last.surface, surface)]
    return Afterwards(
        tuple(_pins(surface)), tuple(edits), tuple(_notes(surface, made.last.surface))
    )


def _pins(surface: Mapping[str, Any]) -> Iterator[str]:
    for addon in surface.get("addons", ()):
        name = addon.get("distribution", addon["name"])
        if addon["version"] != installed(name):
            yield f"{name}=={addon['version']}"


def installed(distribution: str) -> str | None:
    """The version of a distribution that is installed now."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _addons(ini: Ini, surface: Mapping[str, Any]) -> Iterator[str]:
    entries, _ = ini.addons()
    listed = [entry.name for entry in entries]
    wanted = {one["name"]: one for one in surface.get("addons", ())}
    for entry in entries:
        if entry.name not in wanted:
            yield f"{entry.place or ini.shown}: delete {entry.name} from talatat.addons"
    for name, addon in wanted.items():
        if name not in listed and not addon.get("implied", False):
            yield f"{ini.at('talatat.addons')}: add {name} to talatat.addons"


def _settings(ini: Ini, last: Mapping[str, Any], surface: Mapping[str, Any]) -> Iterator[str]:
    """Keys that the release does not know, and keys that had another value."""
    now, then = last.get("settings"), surface.get("settings")
    if now is None or then is None:
        return
    addons = {one["name"] for one in surface["addons"]}
    for key in sorted(now):
        written = ini.place(key) is not None
        if key not in then and written and now[key]["addon"] in addons:
            yield f"{ini.at(key)}: delete {key}, which that version does not know"
        elif key in then and then[key]["value"] != now[key]["value"]:
            was = "its default" if then[key]["value"] == "default" else "another value"
            yield f"{ini.at(key)}: {key} had {was}"


def _notes(surface: Mapping[str, Any], last: Mapping[str, Any]) -> Iterator[str]:
    old, now = surface.get("platform"), last.get("platform")
    if old and now and old != now:
        yield (
            f"{PLATFORM} stays at {now} (it was {old}): the platform's own tables are not taken back"
        )
