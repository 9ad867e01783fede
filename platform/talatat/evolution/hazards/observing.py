"""What the rules want to know of a database's tables, read from its catalogue in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from talatat.evolution.hazards.model import Column, Table

Owner = Callable[[str], str | None]


def observe(connection: Connection, owner: Owner) -> dict[str, Table]:
    """Return the tables that `connection` sees, by name; `owner` tells the addon of a table.

    Rows and bytes are the server's own estimates on PostgreSQL, counts on SQLite. Nothing is written.
    """
    if connection.dialect.name == "postgresql":
        return _postgresql(connection, owner)
    return _sqlite(connection, owner)


def schema_of(connection: Connection) -> tuple[str, ...]:
    """Return the statements that make an SQLite database as it stands: `Context.schema`."""
    listed = connection.exec_driver_sql("PRAGMA main.table_list").fetchall()
    hidden = {row[1] for row in listed if row[2] == "shadow"}
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return tuple(sql for name, sql in rows if name not in hidden and not name.startswith("sqlite_"))


_TABLES = """
SELECT c.oid, CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
       c.reltuples, pg_total_relation_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname NOT LIKE 'pg_temp_' || chr(37)
"""
_COLUMNS = """
SELECT attrelid, attname, format_type(atttypid, atttypmod), NOT attnotnull, atthasdef OR attidentity <> ''
FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid = ANY(ARRAY[{}]::oid[]) ORDER BY attnum
"""
_INDEXES = """
SELECT i.indrelid, c.relname, i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid,
       i.indpred IS NULL, ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1])
         WITH ORDINALITY AS k (number, place)
         LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.place)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY(ARRAY[{}]::oid[])
"""


_REFERS = """
SELECT c.conrelid, c.conname, t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid WHERE c.contype = 'f'
"""


def _postgresql(connection: Connection, owner: Owner) -> dict[str, Table]:
    tables = connection.exec_driver_sql(_TABLES).fetchall()
    if not tables:
        return {}
    oids = ", ".join(str(int(row[0])) for row in tables)
    columns: dict[int, dict[str, Column]] = defaultdict(dict)
    for oid, name, type_, nullable, default in connection.exec_driver_sql(_COLUMNS.format(oids)):
        columns[oid][name] = Column(type_, nullable, default)
    refers: dict[int, dict[str, str]] = defaultdict(dict)
    for oid, key, target in connection.exec_driver_sql(_REFERS):
        refers[oid][key] = target
    indexes: dict[int, dict[str, tuple[str, ...]]] = defaultdict(dict)
    keys: dict[int, list[frozenset[str]]] = defaultdict(list)
    for oid, name, unique, whole, names in connection.exec_driver_sql(_INDEXES.format(oids)):
        # A partial index serves no other rows: it is known by its name, and leads nowhere.
        indexes[oid][name] = tuple(names) if whole else ()
        if unique:
            keys[oid].append(frozenset(names))
    return {
        name: Table(
            owner(name), int(rows) if rows >= 0 else None, size, columns[oid], indexes[oid],
            tuple(keys[oid]), (), refers[oid],
        )
        for oid, name, rows, size in tables
    }  # fmt: skip


def _sqlite(connection: Connection, owner: Owner) -> dict[str, Table]:
    quote = connection.dialect.identifier_preparer.quote

    def ask(pragma: str, name: str) -> Sequence[Any]:
        return connection.exec_driver_sql(f"PRAGMA {pragma}({quote(name)})").fetchall()

    found = {}
    for name in _names(connection):
        rows = connection.exec_driver_sql(
            " ".join(["SELECT count(*) FROM", quote(name)])
        ).scalar_one()
        known = ask("table_info", name)
        columns = {
            row[1]: Column(row[2], not (row[3] or row[5]), row[4] is not None) for row in known
        }
        primary = tuple(row[1] for row in sorted(known, key=lambda row: row[5]) if row[5])
        listed = ask("index_list", name)
        indexes = {row[1]: tuple(one[2] for one in ask("index_info", row[1])) for row in listed}
        keys = [frozenset(indexes[row[1]]) for row in listed if row[2] and not row[4]]
        whole = {row[1]: indexes[row[1]] if not row[4] else () for row in listed}
        if primary:
            whole["primary key"] = primary
            keys.append(frozenset(primary))
        distinct = tuple(key for key in keys if None not in key)
        refers = {str(row[0]): row[2] for row in ask("foreign_key_list", name)}
        found[name] = Table(owner(name), rows, None, columns, whole, distinct, (), refers)
    return found


def _names(connection: Connection) -> list[str]:
    """The tables that people made: neither SQLite's own nor those behind a virtual table."""
    rows = connection.exec_driver_sql("PRAGMA main.table_list").fetchall()
    return [row[1] for row in rows if row[2] == "table" and not row[1].startswith("sqlite_")]
