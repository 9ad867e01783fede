"""Putting away: the copy of what a step is about to drop, made in the step's own transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert

from talatat.db.types import utcnow
from talatat.evolution.canonical import digest
from talatat.evolution.kept.record import PREFIX, ROW, WAS, WHY
from talatat.evolution.kept.sql import digest as digest_of
from talatat.evolution.kept.sql import joined, quoted, ran
from talatat.evolution.live import read_schema
from talatat.evolution.quoting import literal
from talatat.evolution.tables import kept

if TYPE_CHECKING:
    from talatat.evolution.live import TableInfo

_OWN_TYPES = """
SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped
   AND t.typnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname = 'pg_catalog')
"""


def put_away(
    connection: Connection,
    step_key: str,
    addon: str,
    revision: str,
    direction: str,
    keeps: Sequence[Mapping[str, Any]],
    plan: str | None = None,
) -> list[str]:
    """Copy what `keeps` (of `lost`) names into tables of their own; return their ids.

    In the transaction that is open, before the step's statements. Nothing is made for what is empty.
    """
    schema = read_schema(connection, {one["table"] for one in keeps}.__contains__)
    made = []
    for one in keeps:
        info = schema.tables.get(one["table"])
        if info is None:
            continue
        now = utcnow()
        number = digest([plan, step_key, one["table"], now.isoformat()])[:12]
        location = f"{PREFIX}{number}"
        columns = [name for name in one["columns"] if name in info.columns]
        key = [name for name in one["key"] if name in info.columns]
        copied = list(info.columns) if one["whole"] else list(dict.fromkeys([*key, *columns]))
        if direction == "down" and connection.dialect.name == "postgresql":
            # Whoever still writes these columns waits: what they wrote after the copy would be lost. On
            # the way up nobody writes them any more: contract steps wait for the older processes.
            ran(
                connection,
                "LOCK TABLE {table} IN SHARE MODE",
                table=quoted(connection, one["table"]),
            )
        where = "" if one["whole"] else _worth(connection, info, columns)
        others = [] if one["whole"] else [name for name in info.columns if name not in columns]
        rows = _copy(connection, one["table"], location, info, copied, others, where)
        if not rows:
            continue
        row = {
            "id": number, "addon": addon, "revision": revision, "direction": direction,
            "table_name": one["table"], "columns": [] if one["whole"] else columns, "key": key,
            "location": location, "rows": rows, "whole": one["whole"], "plan": plan, "made_at": now,
            "state": "kept",
        }  # fmt: skip
        connection.execute(insert(kept).values(row))
        made.append(number)
    return made


def _worth(connection: Connection, info: TableInfo, columns: Sequence[str]) -> str:
    """The rows that say something: where no column has a default, those that are not NULL in all."""
    if any(info.columns[name].default is not None for name in columns):
        return ""
    return " OR ".join(f"{quoted(connection, name)} IS NOT NULL" for name in columns)


def _copy(
    connection: Connection,
    table: str,
    location: str,
    info: TableInfo,
    columns: Sequence[str],
    others: Sequence[str],
    where: str,
) -> int:
    """Make the table and copy the rows exactly as they are stored; return how many there are.

    `others` are the columns that stay: their digest tells later whether the row was changed.
    """
    parts = {
        "to": quoted(connection, location),
        "source": quoted(connection, table),
        "where": f"WHERE {where}" if where else "",
        "columns": joined(connection, columns),
        "row": ROW,
        "why": WHY,
        "was": WAS,
        "digest": digest_of(connection, others) if others else "NULL",
    }
    if ran(connection, "SELECT 1 FROM {source} {where} LIMIT 1", **parts).first() is None:
        return 0
    if connection.dialect.name == "postgresql":
        own = set(ran(connection, _OWN_TYPES, table=literal(parts["source"])).scalars())
        # An enumeration that the step drops as well must not be in use by the copy: it is kept as text.
        parts["values"] = ", ".join(
            f"{quoted(connection, name)}::text AS {quoted(connection, name)}"
            if name in own
            else quoted(connection, name)
            for name in columns
        )
        make = (
            "CREATE TABLE {to} AS SELECT row_number() OVER () AS {row}, NULL::text AS {why},"
            " CAST({digest} AS text) AS {was}, {values}"
            " FROM {source} {where}"
        )
        ran(connection, make, **parts)
        ran(connection, "ALTER TABLE {to} ADD PRIMARY KEY ({row})", **parts)
    else:
        # Declared as they were: what a value becomes when it is stored depends on the declared type.
        parts["types"] = ", ".join(
            f"{quoted(connection, name)} {info.columns[name].type}" for name in columns
        )
        ran(
            connection,
            "CREATE TABLE {to} ({row} INTEGER PRIMARY KEY, {why} TEXT, {was} TEXT, {types})",
            **parts,
        )
        insert_ = (
            "INSERT INTO {to} ({was}, {columns}) SELECT {digest}, {columns} FROM {source} {where}"
        )
        ran(connection, insert_, **parts)
    return int(ran(connection, "SELECT count(*) FROM {to}", **parts).scalar_one())
