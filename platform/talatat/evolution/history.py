"""What was applied to a database, as it tells it itself: releases, the revisions of each, what each changed.

Imports no addon, and works when none is installed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, inspect, select

from talatat.evolution.differences import differences
from talatat.evolution.differences.comparing import Pair
from talatat.evolution.differences.states import states
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept import Keep, keeps_of, remaining
from talatat.evolution.ledger import Entry, Ledger, read_ledger
from talatat.evolution.model import Change
from talatat.evolution.observed import Release, release_of
from talatat.evolution.opening import Opened
from talatat.evolution.tables import ledger, releases


@dataclass(frozen=True)
class Past:
    """One release with the revisions that were run for it, up or down, in their order."""

    release: Release
    entries: tuple[Entry, ...] = ()

    @property
    def addons(self) -> list[dict[str, str]]:
        """The addons of the release, each with its version, in order."""
        return [
            {"name": one["name"], "version": one["version"]}
            for one in self.release.surface.get("addons", ())
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        release = self.release
        return {
            "number": release.number,
            "made_at": _moment(release.made_at),
            "who": release.who,
            "kind": release.kind or "apply",
            "addons": self.addons,
            "revisions": [
                {
                    "addon": one.addon,
                    "revision": one.revision,
                    "direction": one.direction,
                    "phase": one.phase,
                    "finished_at": _moment(one.finished_at),
                }
                for one in self.entries
            ],
            "plan": release.plan,
            "note": release.note,
        }


@dataclass(frozen=True)
class Details:
    """One release in full: what it changed, and what was kept for the way back (with rows left)."""

    past: Past
    changes: tuple[Change, ...] = ()
    kept: tuple[tuple[Keep, int], ...] = ()
    previous: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.past.as_json(),
            "packages": self.past.release.packages,
            "previous": self.previous,
            "changes": [vars(one) for one in self.changes],
            "kept": [
                {
                    "id": keep.id, "addon": keep.addon, "revision": keep.revision,
                    "table": keep.table_name, "columns": keep.columns, "rows": rows,
                    "location": keep.location, "state": keep.state,
                }
                for keep, rows in self.kept
            ],
        }  # fmt: skip


def history(opened: Opened) -> list[Past]:
    """All releases, the first one first; none for a database that has none yet. Raises EvolutionError."""
    if not opened.exists:
        return []
    with opened.reading() as connection:
        return _history(connection)


def details(opened: Opened, number: int) -> Details:
    """One release in full. Raises EvolutionError where there is no such release."""
    known = history(opened)
    past = next((one for one in known if one.release.number == number), None)
    if past is None:
        numbers = ", ".join(str(one.release.number) for one in known) or "none"
        raise EvolutionError(
            f"there is no release {number}. The database has: {numbers}. See: talatat history "
            f"{opened.ini.uri}"
        )
    earlier = [one.release for one in known if one.release.number < number]
    before = earlier[-1] if earlier else None
    changes = told_apart(before.surface if before else {}, past.release.surface)
    with opened.reading() as connection:
        own = [one for one in keeps_of(connection) if one.plan and one.plan == past.release.plan]
        kept = tuple((one, remaining(connection, one)) for one in own)
    return Details(past, tuple(changes), kept, before.number if before else None)


def text_of(opened: Opened, addon: str, revision: str) -> str:
    """The file of a revision as it was run last. Raises EvolutionError where it never was."""
    entries: Sequence[Entry] = ()
    if opened.exists:
        with opened.reading() as connection:
            entries = _ledger(connection, texts=True).entries
    found = [one for one in entries if one.key == (addon, revision)]
    if not found:
        own = ", ".join(dict.fromkeys(one.revision for one in entries if one.addon == addon))
        raise EvolutionError(
            f"revision {revision!r} of addon {addon} was never run on this database. "
            + (f"These were: {own}." if own else f"Nothing of {addon} was.")
        )
    return found[-1].text


def told_apart(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """What differs between the surfaces of two releases; of those that say little, the addons alone."""
    if "routes" in new and ("routes" in old or not old):
        return differences(old or None, new)
    return list(states(Pair(old, new)))


def _history(connection: Connection) -> list[Past]:
    if not inspect(connection).has_table(releases.name):
        return []
    numbers = connection.execute(select(releases.c.number).order_by(releases.c.number)).scalars()
    found = [one for number in numbers if (one := release_of(connection, number)) is not None]
    entries = _ledger(connection, texts=False).entries
    owners = [_owner(one, found) for one in entries]
    return [
        Past(one, tuple(e for e, owner in zip(entries, owners, strict=True) if owner is one))
        for one in found
    ]


def _ledger(connection: Connection, *, texts: bool) -> Ledger:
    if not inspect(connection).has_table(ledger.name):
        return Ledger()
    return read_ledger(connection, texts=texts)


def _owner(entry: Entry, known: Collection[Release]) -> Release | None:
    """The release that a revision was run for.

    That of its plan; a contract step that waited belongs to the last release before it, and what a plan
    that failed had done by then to the one after.
    """
    own = [one for one in known if entry.plan and one.plan == entry.plan]
    if own:
        return own[0]
    earlier = [one for one in known if one.made_at < entry.finished_at]
    later = [one for one in known if one.made_at >= entry.finished_at]
    if (entry.phase == "contract" and earlier) or not later:
        return earlier[-1] if earlier else None
    return later[0]


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
