"""Restoring an archive file: into the database that it came from, or into another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import DBAPIError

from talatat.composition import Composition, resolve
from talatat.db.types import utcnow
from talatat.evolution.archive import crossing, postgresql, sqlite
from talatat.evolution.archive.contents import silent
from talatat.evolution.archive.manifest import Column, Manifest, TableEntry
from talatat.evolution.archive.orphans import OrphanFile
from talatat.evolution.archive.restoring import Report, complete, refuse_taken, report
from talatat.evolution.archive.rows import Watch, load_lines, watched
from talatat.evolution.archive.turns import in_turn, record_release
from talatat.evolution.archive.zipped import ArchiveFile, appearing, refuse_existing, verify
from talatat.evolution.graph import EvolutionError, Graph, read_graph
from talatat.evolution.kept.sql import quoted
from talatat.evolution.ledger import read_ledger
from talatat.evolution.opening import Opened
from talatat.evolution.tables import archives, ledger

_Load = tuple[TableEntry, Sequence[Column], Iterable[bytes]]


def restore_file(
    opened: Opened, path: Path, orphans: Path | None = None, watch: Watch = silent
) -> Report:
    """Restore an archive file in one transaction; return what came back.

    The addon has to be composed, in a version that knows the archive's revision; `talatat apply` runs the
    later ones afterwards. Rows whose parents are gone are written to the file `orphans` (beside the
    archive where None), which is not made where there are none. Raises EvolutionError.
    """
    place = orphans or path.with_name(f"{path.name}.orphans.jsonl")
    refuse_existing(place)
    file = ArchiveFile(path)
    graph = _fits(file.manifest, opened, resolve(opened.ini))
    verify(file, lambda table: watch(f"checking {table.name}", 0, file.manifest.rows))

    def work(connection: Connection) -> Report:
        with appearing(place) as draft:
            keeper = OrphanFile(connection, draft, place)
            return _restore(connection, opened, file, graph, keeper, watch)

    return in_turn(opened, work)


def _fits(manifest: Manifest, opened: Opened, composition: Composition) -> Graph:
    """Return the revisions of a composition that has the addon, and knows the archive's revisions.

    Raises EvolutionError for one that does not.
    """
    addon, ini = manifest.addon, opened.ini
    if addon not in composition.names:
        raise EvolutionError(
            f"{ini.at('talatat.addons')}: the archive is of addon {addon}, which is not listed. Add {addon} "
            f"there, run this command again, then `talatat apply {ini.uri}`."
        )
    installed = composition.by_name[addon]
    graph = read_graph(composition)
    unknown = [one for one in manifest.heads if (addon, one) not in graph.revisions]
    if unknown:
        version = (
            f"=={manifest.version}" if manifest.version else " in the version that made the archive"
        )
        raise EvolutionError(
            f"the archive is of {addon} {manifest.version or ''} at revision {', '.join(unknown)}, which the "
            f"installed {installed.distribution} {installed.version} does not have. Install "
            f"{manifest.distribution or installed.distribution}{version}, or a later one, and run the "
            f"command again."
        )
    return graph


def _restore(
    connection: Connection,
    opened: Opened,
    file: ArchiveFile,
    graph: Graph,
    keeper: OrphanFile,
    watch: Watch,
) -> Report:
    manifest = file.manifest
    _refuse_kept(connection, opened, manifest)
    refuse_taken(connection, manifest)
    if manifest.dialect == opened.dialect:
        sides: Any = postgresql if manifest.dialect == "postgresql" else sqlite
        sides.make(connection, manifest)
        _load(
            connection,
            file,
            [(one, one.columns, file.lines(one)) for one in manifest.filled()],
            watch,
        )
        orphans = complete(connection, manifest, keeper, moved=False)
        _write_up(connection, manifest)
    else:
        here = crossing.make_here(connection, manifest, graph)
        pairs = crossing.pairs(manifest, here)
        _load(connection, file, [
            (one.there, one.columns, crossing.translated(one, file.lines(one.there), opened.dialect))
            for one in pairs
        ], watch)  # fmt: skip
        orphans = complete(connection, here, keeper, moved=True)
        crossing.let_act(connection, here)
    note = f"{manifest.addon} restored from archive {manifest.id} ({file.path.name})"
    return report(manifest, orphans, record_release(connection, "restore", note))


def _load(connection: Connection, file: ArchiveFile, tables: Iterable[_Load], watch: Watch) -> None:
    """Load tables, each with its columns and its rows. Raises EvolutionError for rows that do not fit."""
    done, total = 0, file.manifest.rows
    for table, columns, lines in tables:
        passing = watched(lines, f"{file.manifest.addon}: {table.name}", done, total, watch)
        try:
            load_lines(connection, quoted(connection, table.name), columns, passing)
        except (DBAPIError, psycopg.Error, sqlite3.Error, ValueError) as error:
            raise EvolutionError(
                f"{file.path}: the rows of {table.name} do not fit: {error}. Nothing was restored."
            ) from error
        done += table.rows


def _refuse_kept(connection: Connection, opened: Opened, manifest: Manifest) -> None:
    """Raise EvolutionError where an archive of the addon waits in the database: apply would restore it."""
    query = select(archives.c.id).where(
        archives.c.addon == manifest.addon, archives.c.state == "kept"
    )
    kept = connection.scalars(query.order_by(archives.c.id)).all()
    if kept:
        raise EvolutionError(
            f"addon {manifest.addon} has an archive in the database: {', '.join(kept)}. "
            f"`talatat apply {opened.ini.uri}` brings that one back. To restore the file in its place, drop "
            f"it first: talatat purge {opened.ini.uri} {manifest.addon} --archive {kept[0]}"
        )


def _write_up(connection: Connection, manifest: Manifest) -> None:
    """Enter the revisions of the archive into the ledger, with their texts, as far as they are not there."""
    known = read_ledger(connection, texts=False).applied()
    position = connection.scalar(select(func.max(ledger.c.position))) or 0
    now = utcnow()
    missing = [one for one in manifest.ledger if (one["addon"], one["revision"]) not in known]
    for number, one in enumerate(missing, 1):
        row = {
            **one, "position": position + number, "direction": "up", "plan": f"restore {manifest.id}",
            "started_at": now, "finished_at": now, "lock_wait_ms": 0,
        }  # fmt: skip
        connection.execute(insert(ledger).values(row))
