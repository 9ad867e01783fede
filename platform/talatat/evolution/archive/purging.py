"""Purging: an archive in the database is dropped for good, once its id was said."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, func, insert, inspect, select, update

from talatat.composition import PLATFORM
from talatat.db.origin import who
from talatat.db.types import utcnow
from talatat.evolution.archive import postgresql, sqlite
from talatat.evolution.archive.manifest import Manifest, from_json
from talatat.evolution.archive.naming import location
from talatat.evolution.archive.past import known_addons
from talatat.evolution.archive.restoring import Report
from talatat.evolution.archive.turns import in_turn, record_release
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept import forget
from talatat.evolution.ledger import read_ledger
from talatat.evolution.opening import Opened
from talatat.evolution.tables import archives, ledger, version_table


def purge(opened: Opened, addon: str, archive_id: str | None) -> Report:
    """Drop an archive of `addon` for good; return what was dropped. Imports nothing.

    Raises EvolutionError, with the ids that there are, unless `archive_id` is one of the addon's that is
    kept; then nothing was changed.
    """
    return in_turn(opened, lambda connection: _purge(connection, opened, addon, archive_id))


def purgeable(opened: Opened, addon: str, archive_id: str | None) -> Manifest:
    """Return the manifest of what `purge` would drop. Raises EvolutionError as `purge` does."""
    with opened.reading() as connection:
        return _find(connection, opened, addon, archive_id)


def _purge(connection: Connection, opened: Opened, addon: str, archive_id: str | None) -> Report:
    manifest = _find(connection, opened, addon, archive_id)
    sides: Any = postgresql if manifest.dialect == "postgresql" else sqlite
    sides.discard(connection, manifest)
    _write_down(connection, manifest)
    done = update(archives).where(archives.c.id == manifest.id)
    connection.execute(done.values(state="purged", changed_at=utcnow()))
    number = record_release(connection, "purge", f"{addon} purged: archive {manifest.id}")
    return Report(manifest.id, addon, manifest.heads, manifest.own_rows, release=number)


def _find(connection: Connection, opened: Opened, addon: str, archive_id: str | None) -> Manifest:
    if not inspect(connection).has_table(archives.name):
        rows = []
    else:
        rows = list(connection.execute(select(archives).order_by(archives.c.made_at)))
    found = next((one for one in rows if (one.id, one.addon) == (archive_id, addon)), None)
    if found is not None and found.state == "kept":
        return from_json(found.manifest, f"talatat_archive {found.id}")
    own = [one for one in rows if one.addon == addon and one.state == "kept"]
    if found is not None:
        said = f"archive {archive_id} of addon {addon} was {found.state} on {found.changed_at:%Y-%m-%d}."
    elif archive_id is None:
        said = f"say which archive of addon {addon} is to be dropped for good: --archive ID."
    else:
        said = f"addon {addon} has no archive {archive_id!r}."
    kept = "".join(
        f"\n  {one.id}  made {one.made_at:%Y-%m-%d %H:%M} UTC by {one.who}, version {one.version or '?'}, in "
        f"{location(opened.dialect, one.id)}"
        for one in own
    )
    if kept:
        raise EvolutionError(f"{said} Kept are:{kept}")
    known = known_addons(connection) - {PLATFORM}
    if addon not in known:
        near = get_close_matches(addon, sorted(known), 3) or sorted(known)
        raise EvolutionError(
            f"nothing of the name {addon!r} is known in {opened.target}. Name one of: "
            f"{', '.join(near) or '(none)'}."
        )
    raise EvolutionError(
        f"{said} None is kept in {opened.target}: archive it first, which asks nobody and loses nothing: "
        f"talatat archive {opened.ini.uri} {addon}"
    )


def _write_down(connection: Connection, manifest: Manifest) -> None:
    """Note in the ledger that the addon's revisions stand no more: a later install runs all of them.

    What they kept goes as well. Unless they do stand: the addon was installed anew beside its archive.
    """
    if inspect(connection).has_table(version_table(manifest.addon)):
        return
    forget(connection, manifest.addon)
    standing = [
        one for one in read_ledger(connection).applied().values() if one.addon == manifest.addon
    ]
    position = connection.scalar(select(func.max(ledger.c.position))) or 0
    now = utcnow()
    for number, one in enumerate(reversed(standing), 1):
        row = {
            **{name: getattr(one, name) for name in one.__dataclass_fields__},
            "position": position + number, "direction": "down", "plan": f"purge {manifest.id}",
            "started_at": now, "finished_at": now, "who": who(), "lock_wait_ms": 0,
        }  # fmt: skip
        connection.execute(insert(ledger).values(row))
