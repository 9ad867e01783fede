"""Which release a rollback goes to, and which revisions that undoes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, inspect, select

from talatat.composition import PLATFORM
from talatat.evolution.canonical import digest
from talatat.evolution.graph import EvolutionError, Graph
from talatat.evolution.ledger import Entry, Key, Ledger
from talatat.evolution.observed import Release, release_of
from talatat.evolution.planner import applied
from talatat.evolution.tables import plans, releases


def choose(
    connection: Connection, ini: str, to: int | None, last: Release, *, beyond: bool
) -> Release:
    """Return the release to go back to: `to`, or the one before the last.

    After a rollback that is the one before the release that it went back to: each rollback goes one
    further. Where the database stands `beyond` the last release (an apply that ended half way) it is the
    last one itself, and where a rollback was begun and killed, the one that it went to. Raises
    EvolutionError where there is none.
    """
    if to is None:
        to = _begun(connection) or (last.number if beyond else _before(connection, last))
    target = None if to is None else release_of(connection, to)
    if target is None:
        said = _nothing_before(connection, last) if to is None else _unknown(connection, to)
        raise EvolutionError(
            f"{said}; talatat history {ini} tells what each is. To go forward, install the newer packages "
            f"and run talatat apply {ini}."
        )
    return target


def _begun(connection: Connection) -> int | None:
    """The release that a rollback goes back to which was begun and is not done; None where none was."""
    if not inspect(connection).has_table(plans.name):
        return None
    begun = (plans.c.state == "running") & (plans.c.kind == "rollback")
    document = connection.scalar(select(plans.c.document).where(begun))
    return (document or {}).get("to_release")


def _unknown(connection: Connection, to: int) -> str:
    known = ", ".join(str(one) for one in _numbers(connection))
    return f"there is no release {to} to go back to. The database has release {known}"


def _nothing_before(connection: Connection, last: Release) -> str:
    """Why there is none further back: what the last release is, and which others can be named."""
    first = went_back_to(connection, last)
    again = "" if first == last.number else f"release {last.number} is release {first} again, and "
    said = f"there is nothing to go back to: {again}nothing else was before release {first}"
    others = [str(one) for one in _numbers(connection) if one not in (first, last.number)]
    return f"{said}. --to N names another release: {', '.join(others)}" if others else said


def _numbers(connection: Connection) -> list[int]:
    return list(connection.execute(select(releases.c.number).order_by(releases.c.number)).scalars())


def _before(connection: Connection, last: Release) -> int | None:
    """The newest release before the one whose state `last` is, with another surface."""
    number = went_back_to(connection, last)
    rows = connection.execute(
        select(releases.c.number, releases.c.surface)
        .where(releases.c.number < number)
        .order_by(releases.c.number.desc())
    )
    own = digest(last.surface)
    return next((row.number for row in rows if digest(row.surface) != own), None)


def went_back_to(connection: Connection, release: Release) -> int:
    """The number of the release whose state a release is: its own, but for a rollback."""
    if release.kind != "rollback" or not inspect(connection).has_table(plans.name):
        return release.number
    document = connection.scalar(select(plans.c.document).where(plans.c.digest == release.plan))
    number = (document or {}).get("to_release")
    target = None if number is None else release_of(connection, number)
    return release.number if target is None else went_back_to(connection, target)


def undone(
    ledger: Ledger, graph: Graph, heads: Mapping[str, list[str]], target: Release
) -> tuple[list[Entry], list[str]]:
    """Return what is to be undone, the newest first, and what speaks against it, in words.

    Of addons of the target release that is what stands beyond its heads. Addons that were enabled since
    keep their tables and sleep, but for revisions that require what goes. The platform's own stay.
    """
    standing = applied(graph, {one: found for one, found in heads.items() if one in graph.folders})
    entries = {key: entry for key, entry in ledger.applied().items() if key in standing}
    wanted = target.surface.get("heads", {})
    going: set[Key] = set()
    problems: list[str] = []
    for addon in sorted(wanted):
        if addon == PLATFORM or not heads.get(addon):
            continue
        known = {head for head in wanted[addon] if (addon, head) in standing}
        missing = sorted(set(wanted[addon]) - known)
        if problem := _ahead(ledger, addon, missing, target):
            problems.append(problem)
            continue
        kept = applied(graph, {addon: known})
        own = {key for key in entries if key[0] == addon and key not in kept}
        if missing:  # contract steps that were never run: what was run by then stays
            own = {key for key in own if _is_later(entries[key], target)}
        going |= own
    _spread(graph, standing, going)
    return [entry for key, entry in reversed(entries.items()) if key in going], problems


def _ahead(ledger: Ledger, addon: str, missing: Iterable[str], target: Release) -> str | None:
    """Why a release cannot be reached by going back: it stands at what was undone since."""
    undone_since = [
        one for one in missing if (addon, one) in {entry.key for entry in ledger.entries}
    ]
    if not undone_since:
        return None
    version = next(
        (one["version"] for one in target.surface["addons"] if one["name"] == addon), "newer"
    )
    return (
        f"release {target.number} is ahead of the database: addon {addon} stood at revision "
        f"{', '.join(undone_since)} there, which was taken back since. Install {addon} {version} and run "
        f"talatat apply instead."
    )


def _is_later(entry: Entry, target: Release) -> bool:
    return entry.finished_at > target.made_at and entry.plan != target.plan


def _spread(graph: Graph, standing: Iterable[Key], going: set[Key]) -> None:
    """Add what builds on what goes."""
    more = True
    while more:
        found = {
            key
            for key in standing
            if key not in going
            and key[0] != PLATFORM
            and going & {(key[0], down) for down in graph.revisions[key].down}
            | going & set(graph.revisions[key].requires.items())
        }
        going |= found
        more = bool(found)


def surface_at(target: Release, last: Release, heads: Mapping[str, list[str]]) -> dict[str, Any]:
    """The surface that the rollback records: the target's, with the platform as it stays."""
    surface = dict(target.surface)
    surface["heads"] = {**surface.get("heads", {}), PLATFORM: heads.get(PLATFORM, [])}
    if "platform" in last.surface:
        surface["platform"] = last.surface["platform"]
    return surface
