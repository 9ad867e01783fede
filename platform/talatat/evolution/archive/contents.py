"""The rows of an archive, wherever they lie now, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Connection

from talatat.evolution.archive.checksums import Sum
from talatat.evolution.archive.manifest import Manifest, TableEntry
from talatat.evolution.archive.naming import location
from talatat.evolution.archive.rows import Watch, read_lines, watched
from talatat.evolution.kept.sql import quoted
from talatat.evolution.live import measure

# What gives the rows of a table, as lines.
Lines = Callable[[TableEntry], Iterable[bytes]]


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody how far it is."""


def live_lines(connection: Connection, manifest: Manifest, watch: Watch = silent) -> Lines:
    """Return what reads the addon's own tables."""
    names = [one.name for one in manifest.filled()]
    total = sum(one["rows"] for one in measure(connection, names).values())
    only = "ONLY " if manifest.dialect == "postgresql" else ""  # partitions have their own
    places = {name: f"{only}{quoted(connection, name)}" for name in names}
    return _lines(connection, manifest, places, total, watch)


def away_lines(connection: Connection, manifest: Manifest, watch: Watch = silent) -> Lines:
    """Return what reads the tables of an archive in the database."""
    where = location(manifest.dialect, manifest.id)
    names = [one.name for one in manifest.filled()]
    if manifest.dialect == "postgresql":
        schema = quoted(connection, where)
        places = {name: f"ONLY {schema}.{quoted(connection, name)}" for name in names}
    else:
        places = {name: quoted(connection, where + name) for name in names}
    return _lines(connection, manifest, places, manifest.rows, watch)


def _lines(
    connection: Connection, manifest: Manifest, places: dict[str, str], total: int, watch: Watch
) -> Lines:
    done = 0

    def lines(table: TableEntry) -> Iterator[bytes]:
        nonlocal done
        rows, before = read_lines(connection, places[table.name], table.columns), done
        for line in watched(rows, f"{manifest.addon}: {table.name}", before, total, watch):
            done += 1
            yield line

    return lines


def counted(manifest: Manifest, lines: Lines) -> Manifest:
    """Return the manifest with the counts and checksums of what `lines` gives; all is read."""

    def count(table: TableEntry) -> TableEntry:
        found = Sum()
        for line in lines(table):
            found.add(line)
        return replace(table, rows=found.rows, checksum=found.checksum)

    tables = (one if one.kind == "virtual" else count(one) for one in manifest.tables)
    return replace(manifest, tables=tuple(tables))
