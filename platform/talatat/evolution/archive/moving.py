"""Archiving: an addon's data is moved away in one transaction, restorably, and written to a file if asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from talatat.composition import PLATFORM
from talatat.db.origin import who
from talatat.db.types import utcnow
from talatat.evolution.archive import postgresql, sqlite
from talatat.evolution.archive.contents import away_lines, counted, live_lines, silent
from talatat.evolution.archive.describing import Belongings, belongings
from talatat.evolution.archive.manifest import Manifest, from_json
from talatat.evolution.archive.naming import location, new_id, owned
from talatat.evolution.archive.past import known_addons, past_of, texts_of
from talatat.evolution.archive.refusals import nothing_there, refuse_dependents, refuse_enabled
from talatat.evolution.archive.rows import Watch
from talatat.evolution.archive.turns import in_turn, record_release
from talatat.evolution.archive.zipped import appearing, refuse_existing, write_archive
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept.sql import quoted, ran
from talatat.evolution.ledger import read_ledger
from talatat.evolution.live import read_schema
from talatat.evolution.observed import all_heads
from talatat.evolution.opening import Opened
from talatat.evolution.tables import archives, version_table


@dataclass(frozen=True)
class Archived:
    """An archive that was made, or written to a file. `release` is the one that records it."""

    manifest: Manifest
    location: str
    file: Path | None = None
    release: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What a machine wants to know of it."""
        return {
            "archive": self.manifest.id,
            "addon": self.manifest.addon,
            "version": self.manifest.version,
            "heads": list(self.manifest.heads),
            "location": self.location,
            "tables": self.manifest.own_rows,
            "rows": sum(self.manifest.own_rows.values()),
            "file": str(self.file) if self.file else None,
            "release": self.release,
        }


def archive(
    opened: Opened, *addons: str, file: Path | None = None, watch: Watch = silent
) -> list[Archived]:
    """Move the data of addons that sleep away, all in one transaction; return one archive for each.

    With `file`, which takes one addon, the archive is written there too; one that was made before is
    only written. Imports nothing. Raises EvolutionError; then nothing was changed.
    """
    if file is not None:
        if len(addons) > 1:
            raise EvolutionError(
                "--file takes one addon: archive them together without it, then write each to a file of "
                "its own with a second `talatat archive INI ADDON --file FILE`."
            )
        refuse_existing(file)

    def work(connection: Connection) -> list[Archived]:
        # The file gets its name last of all, just before the commit.
        with appearing(file) if file else nullcontext() as draft:
            made = _archive(connection, opened, addons, draft, watch)
        return [replace(one, file=file) for one in made]

    return in_turn(opened, work)


def _archive(
    connection: Connection, opened: Opened, addons: Sequence[str], file: Path | None, watch: Watch
) -> list[Archived]:
    refuse_enabled(connection, opened, addons)
    schema = read_schema(connection)
    known = known_addons(connection) | set(addons)
    leaving = [belongings(connection, schema, one, known) for one in dict.fromkeys(addons)]
    for one in leaving:
        if not one.tables and not one.parts and not one.version_sql:
            if file is not None and (kept := _kept(connection, one.addon)) is not None:
                return [_written(connection, kept, file, watch)]
            raise nothing_there(connection, one.addon, known - set(addons), opened)
    refuse_dependents(schema, leaving, known, opened.ini.uri)
    heads = all_heads(connection, schema.tables)
    if opened.dialect == "postgresql":
        postgresql.hold(connection, (table.name for one in leaving for table in one.tables))
    # All are read before any is moved: reading holds up nobody for long, moving waits for everybody.
    made = []
    for one in leaving:
        manifest = _manifest(connection, one, heads.get(one.addon, []), known)
        lines = live_lines(connection, manifest, watch)
        made.append(write_archive(file, manifest, lines) if file else counted(manifest, lines))
    sides: Any = postgresql if opened.dialect == "postgresql" else sqlite
    for manifest in made:
        sides.let_go(connection, manifest)
    for manifest in made:
        sides.put_away(connection, manifest)
        _note(connection, manifest)
    note = ", ".join(f"{one.addon} archived as {one.id}" for one in made)
    number = record_release(connection, "archive", note)
    return [Archived(one, location(one.dialect, one.id), release=number) for one in made]


def _note(connection: Connection, manifest: Manifest) -> None:
    """Record the archive, and that the addon's revisions stand no more."""
    if manifest.version_sql:
        version = quoted(connection, version_table(manifest.addon))
        ran(connection, "DROP TABLE {version}", version=version)
    now = utcnow()
    row = {
        "id": manifest.id, "addon": manifest.addon, "version": manifest.version, "made_at": now,
        "who": manifest.who, "location": location(manifest.dialect, manifest.id),
        "manifest": manifest.as_json(), "state": "kept", "changed_at": now,
    }  # fmt: skip
    connection.execute(insert(archives).values(row))


def _kept(connection: Connection, addon: str) -> Manifest | None:
    """The newest archive of an addon in the database."""
    query = select(archives.c.id, archives.c.manifest).where(
        archives.c.addon == addon, archives.c.state == "kept"
    )
    row = connection.execute(query.order_by(archives.c.made_at.desc())).first()
    return None if row is None else from_json(row.manifest, f"talatat_archive {row.id}")


def _written(connection: Connection, manifest: Manifest, file: Path, watch: Watch) -> Archived:
    """Write to a file what was archived before."""
    written = write_archive(file, manifest, away_lines(connection, manifest, watch))
    return Archived(written, location(manifest.dialect, manifest.id))


def _manifest(
    connection: Connection, own: Belongings, heads: Iterable[str], known: Collection[str]
) -> Manifest:
    past = past_of(connection, own.addon)
    dialect = connection.dialect.name
    names = [one.name for one in own.tables]
    if dialect == "postgresql":
        sequences = owned(own.addon, postgresql.sequences(connection), known)
        counters = postgresql.counters(connection, sequences)
    else:
        counters = sqlite.counters(connection, names)
    now = utcnow()
    return Manifest(
        new_id(now), own.addon, dialect, now.isoformat(), who(), tuple(heads),
        past.version, past.distribution, version(PLATFORM), past.release, past.requires,
        past.settings, past.permissions, past.roles, own.version_sql, own.tables, own.parts,
        counters, texts_of(read_ledger(connection), own.addon),
    )  # fmt: skip
