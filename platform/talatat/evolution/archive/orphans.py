"""Rows that come back to find that their parents were deleted meanwhile.

What would have happened to them then happens now: where the foreign key says SET NULL the reference goes,
else the row does, with the rows that refer to it. Nothing is lost by that: each is kept first, with the
reason, in a table `talatat_kept_...` of the database or as a line of a file.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson
from sqlalchemy import Connection, insert, update

from talatat.db.types import utcnow
from talatat.evolution.amounts import counted
from talatat.evolution.archive.manifest import ForeignKey, Manifest, TableEntry
from talatat.evolution.archive.postgresql import own_rows
from talatat.evolution.archive.rows import read_lines
from talatat.evolution.archive.values import row_of
from talatat.evolution.kept.record import PREFIX, ROW, WHY
from talatat.evolution.kept.sql import joined, quoted, ran
from talatat.evolution.quoting import literal
from talatat.evolution.tables import kept

STATE = "orphan"

_OWN_TYPES = """
SELECT a.attname::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped
   AND t.typnamespace <> 'pg_catalog'::regnamespace
"""


@dataclass(frozen=True)
class Orphans:
    """Rows of one table that lost their parents by one foreign key. `kept` says where they are now.

    `action` is removed (the row) or set null (the reference).
    """

    table: str
    columns: tuple[str, ...]
    target: str
    action: str
    rows: int
    kept: str

    def __str__(self) -> str:
        return (
            f"{self.table}: {counted(self.rows, 'row')} without a parent in {self.target} ({', '.join(self.columns)}): "
            f"{self.action}, kept in {self.kept}"
        )


class Keeper(Protocol):
    """Where orphans are kept before they are pruned."""

    def keep(self, table: TableEntry, key: ForeignKey, where: str, rows: int) -> str:
        """Keep the rows of `table` for which `where` (SQL) holds; return where they are."""
        ...


def prune(connection: Connection, manifest: Manifest, keeper: Keeper) -> list[Orphans]:
    """Prune until every foreign key leads somewhere; those that were not valid before are left alone.

    Foreign keys within the archive must not act while this runs.
    """
    found: list[Orphans] = []
    again = True
    while again:
        again = False
        for table in manifest.tables:
            for key in table.foreign_keys:
                if key.checked and (orphans := _prune(connection, table, key, keeper)):
                    found.append(orphans)
                    again = True
    return found


def _prune(
    connection: Connection, table: TableEntry, key: ForeignKey, keeper: Keeper
) -> Orphans | None:
    where = _without_parent(connection, table, key)
    name = own_rows(connection, table.name)
    rows = ran(connection, "SELECT count(*) FROM {t} WHERE {w}", t=name, w=where).scalar_one()
    if not rows:
        return None
    place = keeper.keep(table, key, where, rows)
    if _may_be_null(table, key):
        nulls = ", ".join(f"{quoted(connection, one)} = NULL" for one in key.columns)
        ran(connection, "UPDATE {t} SET {nulls} WHERE {w}", t=name, nulls=nulls, w=where)
        action = "set null"
    else:
        ran(connection, "DELETE FROM {t} WHERE {w}", t=name, w=where)
        action = "removed"
    return Orphans(table.name, key.columns, key.target, action, rows, place)


def _without_parent(connection: Connection, table: TableEntry, key: ForeignKey) -> str:
    name, target = quoted(connection, table.name), own_rows(connection, key.target)
    own = [f"{name}.{quoted(connection, one)}" for one in key.columns]
    theirs = [f"p.{quoted(connection, one)}" for one in key.target_columns]
    there = " AND ".join(f"{one} IS NOT NULL" for one in own)
    same = " AND ".join(f"{one} = {other}" for one, other in zip(theirs, own, strict=True))
    return f"{there} AND NOT EXISTS (SELECT 1 FROM {target} p WHERE {same})"  # noqa: S608


def _may_be_null(table: TableEntry, key: ForeignKey) -> bool:
    nullable = {one.name: one.nullable for one in table.columns}
    return key.on_delete == "set null" and all(nullable.get(one, False) for one in key.columns)


def missing_parents(
    manifest: Manifest, tables: Collection[str]
) -> Iterator[tuple[TableEntry, ForeignKey]]:
    """Yield the foreign keys that lead to tables that are not there at all."""
    known = {name.lower() for name in tables} | {one.name.lower() for one in manifest.tables}
    for table in manifest.tables:
        for key in table.foreign_keys:
            if key.target.lower() not in known:
                yield table, key


class KeptTables:
    """Keeps orphans in tables beside, recorded in talatat_kept with the state `orphan`."""

    def __init__(self, connection: Connection, manifest: Manifest) -> None:
        self.connection = connection
        self.manifest = manifest
        self._made: dict[tuple[str, tuple[str, ...]], str] = {}

    def keep(self, table: TableEntry, key: ForeignKey, where: str, rows: int) -> str:
        """Copy the rows into a table of their own; return its name."""
        again = (table.name, key.columns)
        place = self._made.get(again)
        if place is None:
            number = f"{self.manifest.id}_{len(self._made) + 1}"
            place = self._made[again] = f"{PREFIX}{number}"
            self._make(place, table, key, where)
            self._record(number, place, table, key, rows)
        else:
            self._copy(place, table, key, where)
            more = update(kept).where(kept.c.location == place)
            self.connection.execute(more.values(rows=kept.c.rows + rows))
        return place

    def _make(self, place: str, table: TableEntry, key: ForeignKey, where: str) -> None:
        make = (
            "CREATE TABLE {place} AS SELECT 0 AS {row}, CAST(NULL AS text) AS {why}, {values} "
            "FROM {t} WHERE 1 = 0"
        )
        place_, t = quoted(self.connection, place), quoted(self.connection, table.name)
        values = ", ".join(self._values(table))
        ran(self.connection, make, place=place_, row=ROW, why=WHY, values=values, t=t)
        self._copy(place, table, key, where)

    def _copy(self, place: str, table: TableEntry, key: ForeignKey, where: str) -> None:
        ran(
            self.connection,
            "INSERT INTO {to} ({row}, {why}, {names}) SELECT"
            " (SELECT count(*) FROM {to}) + row_number() OVER (), {said}, {values} FROM {t} WHERE {where}",
            to=quoted(self.connection, place),
            t=own_rows(self.connection, table.name),
            names=joined(self.connection, _names(table)),
            values=", ".join(self._values(table)),
            said=literal(f"no parent in {key.target}"),
            row=ROW,
            why=WHY,
            where=where,
        )

    def _values(self, table: TableEntry) -> list[str]:
        """The columns; those of the addon's own types as text, so that the types can go one day."""
        own = self._own_types(table)
        names = {name: quoted(self.connection, name) for name in _names(table)}
        return [f"{sql}::text AS {sql}" if name in own else sql for name, sql in names.items()]

    def _own_types(self, table: TableEntry) -> set[str]:
        if self.connection.dialect.name != "postgresql":
            return set()
        name = literal(quoted(self.connection, table.name))
        return set(ran(self.connection, _OWN_TYPES, table=name).scalars())

    def _record(
        self, number: str, place: str, table: TableEntry, key: ForeignKey, rows: int
    ) -> None:
        null = _may_be_null(table, key)
        row = {
            "id": number, "addon": self.manifest.addon, "revision": self.manifest.id,
            "direction": "restore", "table_name": table.name, "columns": list(key.columns) if null else [],
            "key": list(table.key), "location": place, "rows": rows, "whole": not null, "plan": None,
            "made_at": utcnow(), "state": STATE,
        }  # fmt: skip
        self.connection.execute(insert(kept).values(row))


class OrphanFile:
    """Keeps orphans as lines of JSON: {table, row, reason, action}.

    They are written to `draft`; `path` is what it will be called.
    """

    def __init__(self, connection: Connection, draft: Path, path: Path) -> None:
        self.connection = connection
        self.draft = draft
        self.path = path

    def keep(self, table: TableEntry, key: ForeignKey, where: str, rows: int) -> str:
        """Write the rows; return the path."""
        source = own_rows(self.connection, table.name)
        said = {
            "table": table.name,
            "reason": f"no parent in {key.target} ({', '.join(key.columns)})",
            "action": "set null" if _may_be_null(table, key) else "removed",
        }
        with self.draft.open("ab") as stream:
            for line in read_lines(self.connection, source, table.columns, where):
                row = dict(zip(table.names, row_of(line), strict=True))
                stream.write(orjson.dumps({**said, "row": row}) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        return str(self.path)


def _names(table: TableEntry) -> list[str]:
    return [one.name for one in table.columns if one.type != "rowid"]
