"""Why an addon's data cannot be archived now, each with what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, select

from talatat.composition import PLATFORM
from talatat.evolution.archive.describing import Belongings, dependents
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import Schema
from talatat.evolution.observed import release_of
from talatat.evolution.opening import Opened
from talatat.evolution.processes import live_processes
from talatat.evolution.tables import archives, releases

_SHOWN = 8


def refuse_enabled(connection: Connection, opened: Opened, addons: Sequence[str]) -> None:
    """Raise EvolutionError unless all of `addons` sleep: in the last release, and in every process."""
    release = release_of(connection)
    entries = (release.surface.get("addons") or []) if release else []
    problems = [_enabled(opened, one, entries) for one in addons if _is_in(one, entries)]
    if not problems:
        problems += _served(connection, addons)
    if problems:
        raise EvolutionError(problems)


def _is_in(addon: str, entries: Sequence[Any]) -> bool:
    return addon == PLATFORM or any(one["name"] == addon for one in entries)


def _enabled(opened: Opened, addon: str, entries: Sequence[Any]) -> str:
    if addon == PLATFORM:
        return "talatat is the platform itself and no addon: its tables stay. Name an addon."
    needing = sorted(one["name"] for one in entries if addon in (one.get("requires") or ()))
    also = f", with what requires it ({', '.join(needing)})" if needing else ""
    listed = {entry.name: entry.place for entry in opened.ini.addons()[0]}
    if addon in listed:
        mend = f"Take the line {addon!r} out of talatat.addons ({listed[addon] or opened.ini.shown}){also}"
    elif any(name in listed for name in needing):
        mend = f"Take what requires it ({', '.join(needing)}) out of talatat.addons in {opened.ini.shown}"
    else:
        mend = f"It is not listed in {opened.ini.shown} any more"
    return (
        f"addon {addon} is enabled in the last release. {mend}, run `talatat apply {opened.ini.uri}`, "
        f"then archive it."
    )


def _served(connection: Connection, addons: Sequence[str]) -> Iterator[str]:
    """Processes that still serve a release in which one of the addons was enabled."""
    for process in live_processes(connection):
        query = select(releases.c.surface["addons"]).where(releases.c.number == process["release"])
        entries = connection.scalar(query) or []
        for addon in addons:
            if _is_in(addon, entries):
                yield (
                    f"process {process['pid']} on {process['host']} still serves release "
                    f"{process['release']}, in which addon {addon} is enabled. Restart it, then archive "
                    f"{addon}."
                )


def refuse_dependents(
    schema: Schema, leaving: Sequence[Belongings], known: Collection[str], ini: str
) -> None:
    """Raise EvolutionError where tables or views of others refer to what is to be archived."""
    found = dependents(schema, leaving, known)
    if not found:
        return
    owners = sorted({owner for owner, _ in found if owner})
    said = "; ".join(f"{owner or 'no addon'}: {what}" for owner, what in found[:_SHOWN])
    if len(found) > _SHOWN:
        said += f"; and {len(found) - _SHOWN} more"
    names = " ".join([*owners, *(one.addon for one in leaving)])
    mend = f"Archive them together, once none of them is enabled: talatat archive {ini} {names}"
    if not all(owner for owner, _ in found):
        mend = f"Drop what belongs to no addon, or name it after one. {mend}" if owners else (
            "It belongs to no addon: drop it, or name it after one that is archived together."
        )  # fmt: skip
    raise EvolutionError(
        f"{', '.join(one.addon for one in leaving)} cannot be archived alone, for others refer to it: "
        f"{said}. {mend}"
    )


def nothing_there(
    connection: Connection, addon: str, known: set[str], opened: Opened
) -> EvolutionError:
    """Word that an addon has nothing in the database."""
    kept = connection.execute(
        select(archives.c.id, archives.c.made_at, archives.c.location)
        .where(archives.c.addon == addon, archives.c.state == "kept")
        .order_by(archives.c.id.desc())
    ).first()
    if kept is not None:
        return EvolutionError(
            f"addon {addon} is archived already: {kept.id}, of {kept.made_at:%Y-%m-%d}, in {kept.location}. "
            f"To have it in a file: talatat archive {opened.ini.uri} {addon} --file {addon}.zip. To bring "
            f"it back: list {addon} in talatat.addons and run `talatat apply {opened.ini.uri}`."
        )
    near = get_close_matches(addon, sorted(known), 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return EvolutionError(
        f"addon {addon!r} has no tables in {opened.target}: there is nothing to archive.{hint} Addons "
        f"that this database knows: {', '.join(sorted(known - {PLATFORM})) or '(none)'}."
    )
