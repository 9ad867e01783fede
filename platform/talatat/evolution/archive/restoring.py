"""Bringing archives back: from where they lie in the database, or from a file."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, select, update

from talatat.db.types import utcnow
from talatat.evolution.archive import postgresql, sqlite
from talatat.evolution.archive.manifest import Manifest, Part, from_json, split
from talatat.evolution.archive.naming import owner_of
from talatat.evolution.archive.orphans import Keeper, KeptTables, Orphans, missing_parents, prune
from talatat.evolution.archive.past import known_addons
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept.sql import quoted, ran
from talatat.evolution.quoting import literal
from talatat.evolution.tables import archives, version_table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """What came back: rows by table, as they were archived; which of them were orphans; where these are."""

    archive: str
    addon: str
    heads: tuple[str, ...]
    tables: dict[str, int]
    orphans: tuple[Orphans, ...] = ()
    release: int | None = None

    @property
    def rows(self) -> int:
        """How many rows came back, orphans included."""
        return sum(self.tables.values())

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "archive": self.archive,
            "addon": self.addon,
            "heads": list(self.heads),
            "tables": self.tables,
            "rows": self.rows,
            "orphans": [
                {
                    "table": one.table, "columns": list(one.columns), "target": one.target,
                    "action": one.action, "rows": one.rows, "kept": one.kept,
                }
                for one in self.orphans
            ],
            "release": self.release,
        }  # fmt: skip


def move_back(connection: Connection, archive_id: str) -> Report:
    """Bring an archive in the database back, in the transaction that is open.

    Orphans are kept in tables `talatat_kept_...`. Foreign keys are not enforced on the connection where
    it is SQLite's. Raises EvolutionError where the archive is not there, or its place is taken.
    """
    manifest = kept_manifest(connection, archive_id)
    refuse_taken(connection, manifest)
    sides: Any = postgresql if manifest.dialect == "postgresql" else sqlite
    sides.bring_back(connection, manifest)
    keeper = KeptTables(connection, manifest)
    moved = manifest.dialect == "postgresql"  # with all that stands on them; on SQLite they are new
    orphans = complete(connection, manifest, keeper, moved=moved)
    done = update(archives).where(archives.c.id == archive_id)
    connection.execute(done.values(state="restored", changed_at=utcnow()))
    return report(manifest, orphans)


def statements_of(document: Mapping[str, Any]) -> list[str]:
    """Return the statements that make, in an empty database, what an archive's manifest tells of.

    The version table is not among them.
    """
    manifest = from_json(document, "talatat_archive")
    first, last = manifest.standing()
    keys = [key.sql for one in manifest.tables for key in one.foreign_keys if key.sql]
    made = [*manifest.making(), *(one.sql for one in first), *keys, *(one.sql for one in last)]
    if manifest.dialect == "postgresql":
        made.insert(0, "SET LOCAL check_function_bodies = off")
    return made


def kept_manifest(connection: Connection, archive_id: str) -> Manifest:
    """Return the manifest of an archive that is kept in the database. Raises EvolutionError."""
    query = select(archives.c.id, archives.c.state, archives.c.manifest)
    row = connection.execute(query.where(archives.c.id == archive_id)).first()
    if row is not None and row.state == "kept":
        return from_json(row.manifest, f"talatat_archive {archive_id}")
    others = connection.execute(
        select(archives.c.id, archives.c.addon).where(archives.c.state == "kept")
    )
    known = ", ".join(f"{one.id} ({one.addon})" for one in others) or "none"
    what = "is not there" if row is None else f"was {row.state} and is no more"
    raise EvolutionError(
        f"the archive {archive_id!r} {what} in this database. Kept are: {known}. Run `talatat plan` again."
    )


def report(manifest: Manifest, orphans: Sequence[Orphans], release: int | None = None) -> Report:
    """Return the report of an archive that came back."""
    for one in orphans:
        log.warning("archive %s of %s: %s", manifest.id, manifest.addon, one)
    return Report(
        manifest.id, manifest.addon, manifest.heads, manifest.own_rows, tuple(orphans), release
    )


def refuse_taken(connection: Connection, manifest: Manifest) -> None:
    """Raise EvolutionError where tables are there already, or those are not that it leads to."""
    there = set(inspect(connection).get_table_names())
    version = version_table(manifest.addon)
    taken = sorted(one.name for one in manifest.tables if one.name in there)
    if (
        version in there
        and ran(connection, "SELECT 1 FROM {t}", t=quoted(connection, version)).first()
    ):
        taken.append(version)
    if taken:
        raise EvolutionError(
            f"archive {manifest.id} cannot be brought back: these tables of addon {manifest.addon} are in "
            f"the database already: {', '.join(taken)}. To put the archive in their place, take "
            f"{manifest.addon} out of talatat.addons, run `talatat apply`, and archive what is there; then "
            f"list it again."
        )
    known = known_addons(connection)
    missing = {key.target: table.name for table, key in missing_parents(manifest, there)}
    if missing:
        said = "; ".join(
            f"{table} refers to {target}" + (f" of addon {owner}" if owner else "")
            for target, table in sorted(missing.items())
            for owner in [owner_of(target, known)]
        )
        raise EvolutionError(
            f"archive {manifest.id} of addon {manifest.addon} cannot be brought back yet: {said}, which is "
            f"not in the database. Bring that addon there first: list it in talatat.addons and run "
            f"`talatat apply`."
        )


def complete(
    connection: Connection, manifest: Manifest, keeper: Keeper, *, moved: bool
) -> list[Orphans]:
    """Make all that stands on the tables, prune orphans, put counters and the version rows back.

    `moved` says that the tables came back with what stands on them.
    """
    first, last = split(manifest.apart()) if moved else manifest.standing()
    _make(connection, first)
    if manifest.dialect == "postgresql":
        orphans = _refer(connection, manifest, keeper)
        if not moved:
            postgresql.count(connection, manifest.counters)
    else:
        orphans = prune(connection, manifest, keeper)
        sqlite.require_parents(connection, manifest)
        sqlite.count(connection, manifest.counters)
    _make(connection, last)
    _stamp(connection, manifest)
    return orphans


def _refer(connection: Connection, manifest: Manifest, keeper: Keeper) -> list[Orphans]:
    """Prune orphans between the foreign keys that lead out and those that stay within.

    With the first no parent can go while orphans are looked for; the second would act on what is pruned.
    """
    own = {one.name for one in manifest.tables}
    keys = [(table.name, key) for table in manifest.tables for key in table.foreign_keys]
    postgresql.add_foreign_keys(connection, (one for one in keys if one[1].target not in own))
    orphans = prune(connection, manifest, keeper)
    ran(connection, "SET CONSTRAINTS ALL IMMEDIATE")
    postgresql.add_foreign_keys(connection, (one for one in keys if one[1].target in own))
    postgresql.validate(connection, keys)
    return orphans


def _make(connection: Connection, parts: Sequence[Part]) -> None:
    for part in parts:
        ran(connection, "{sql}", sql=part.sql)


def _stamp(connection: Connection, manifest: Manifest) -> None:
    """Put the version rows back."""
    if not manifest.version_sql:
        return
    version = quoted(connection, version_table(manifest.addon))
    ran(connection, "DROP TABLE IF EXISTS {version}", version=version)
    for sql in manifest.version_sql:
        ran(connection, "{sql}", sql=sql)
    for head in manifest.heads:
        insert = "INSERT INTO {version} (version_num) VALUES ({head})"
        ran(connection, insert, version=version, head=literal(head))
