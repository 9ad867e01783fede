"""Moving tables away and back on SQLite: rows are copied, the tables made again by their own text.

A table that is renamed on SQLite comes back with another text (quotes, indexes, triggers), and its
foreign keys would go on acting. So the rows are copied into a table without types or constraints, which
keeps each value as it is stored, and the table is dropped; on the way back the very text that
sqlite_master had makes it again. Rowids are kept where they are no column of the table: a full-text table
may refer to them. The tables behind virtual ones are copied like others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from talatat.evolution.archive.manifest import Column, Manifest, TableEntry
from talatat.evolution.archive.naming import location
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept.sql import joined, quoted

ROWID = "rowid"
_ROWIDS = (ROWID, "_rowid_", "oid")


def hidden_key(
    connection: Connection, table: str, columns: Sequence[Column], key: Sequence[str]
) -> tuple[Column, ...]:
    """Return the rowid as a column, where a table has one that is none of its columns."""
    listed = connection.exec_driver_sql(f"PRAGMA main.table_list({quoted(connection, table)})")
    without_rowid = bool(listed.fetchone()[4])  # type: ignore[index]
    types = {one.name: one.type.upper() for one in columns}
    if without_rowid or [types.get(name) for name in key] == ["INTEGER"]:
        return ()
    taken = {one.name.lower() for one in columns}
    free = next((one for one in _ROWIDS if one not in taken), None)
    return () if free is None else (Column(free, ROWID, nullable=False),)


def shadows(connection: Connection, virtual: Sequence[str]) -> list[TableEntry]:
    """Return the tables in which SQLite keeps the content of virtual ones."""
    found = []
    for row in connection.exec_driver_sql("PRAGMA main.table_list").fetchall():
        name, kind = row[1], row[2]
        if kind == "shadow" and any(name.startswith(f"{one}_") for one in virtual):
            info = connection.exec_driver_sql(
                f"PRAGMA main.table_xinfo({quoted(connection, name)})"
            ).fetchall()
            columns = tuple(Column(one[1], one[2], not one[3]) for one in info)
            key = tuple(one[1] for one in sorted(info, key=lambda one: one[5]) if one[5])
            found.append(
                TableEntry(
                    name, "shadow", "", (*hidden_key(connection, name, columns, key), *columns), key
                )
            )
    return sorted(found, key=lambda one: one.name)


def counters(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    """Return the highest numbers that AUTOINCREMENT gave."""
    there = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if connection.exec_driver_sql(there).first() is None:
        return {}
    wanted = set(names)
    rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return {name: number for name, number in rows if name in wanted}


def count(connection: Connection, values: Mapping[str, Any]) -> None:
    """Put the numbers back."""
    for name, number in values.items():
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, number))


def put_away(connection: Connection, manifest: Manifest) -> None:
    """Copy the rows away and drop the tables, with what stands on them; see `let_go`."""
    prefix = location("sqlite", manifest.id)
    for table in manifest.filled():
        copy = quoted(connection, prefix + table.name)
        names = joined(connection, table.names)
        columns = [one.name for one in table.columns if one.type != ROWID]
        connection.exec_driver_sql(f"CREATE TABLE {copy} ({joined(connection, columns)})")
        own = quoted(connection, table.name)
        connection.exec_driver_sql(f"INSERT INTO {copy} ({names}) SELECT {names} FROM {own}")  # noqa: S608
    for table in reversed([one for one in manifest.tables if one.kind != "shadow"]):
        connection.exec_driver_sql(f"DROP TABLE {quoted(connection, table.name)}")


def let_go(connection: Connection, manifest: Manifest) -> None:
    """Drop what would go on acting: views, and triggers on the tables of others."""
    for part in reversed([one for one in manifest.apart() if one.kind in ("view", "trigger")]):
        connection.exec_driver_sql(f"DROP {part.kind.upper()} {quoted(connection, part.name)}")


def bring_back(connection: Connection, manifest: Manifest) -> None:
    """Make the tables again, with their rows. What stands on them is not made yet."""
    prefix = location("sqlite", manifest.id)
    make(connection, manifest)
    for table in manifest.filled():
        own, copy = quoted(connection, table.name), quoted(connection, prefix + table.name)
        names = joined(connection, table.names)
        connection.exec_driver_sql(f"INSERT INTO {own} ({names}) SELECT {names} FROM {copy}")  # noqa: S608
        connection.exec_driver_sql(f"DROP TABLE {copy}")


def make(connection: Connection, manifest: Manifest) -> None:
    """Make the tables, empty."""
    for sql in manifest.making():
        connection.exec_driver_sql(sql)
    for table in manifest.tables:
        if table.kind == "shadow":  # a virtual table begins with rows of its own behind it
            connection.exec_driver_sql(f"DELETE FROM {quoted(connection, table.name)}")  # noqa: S608


def discard(connection: Connection, manifest: Manifest) -> None:
    """Drop the copies for good."""
    prefix = location("sqlite", manifest.id)
    for table in manifest.filled():
        connection.exec_driver_sql(
            f"DROP TABLE IF EXISTS {quoted(connection, prefix + table.name)}"
        )


def require_parents(connection: Connection, manifest: Manifest) -> None:
    """Raise EvolutionError where a row that came back refers to nothing, as SQLite sees it."""
    found = set()
    for table in manifest.tables:
        if table.kind == "table":
            check = f"PRAGMA foreign_key_check({quoted(connection, table.name)})"
            rows = connection.exec_driver_sql(check).fetchall()
            found |= {f"{row[0]} -> {row[2]}" for row in rows}
    if found:
        raise EvolutionError(
            f"archive {manifest.id} of addon {manifest.addon}: rows refer to nothing although orphans "
            f"were pruned: {', '.join(sorted(found))}. Nothing was changed."
        )
