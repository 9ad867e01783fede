"""How large tables are, asked cheaply: counted while they are small, estimated by the server when not."""

# ruff: noqa: S608  # names are quoted; they cannot be parameters

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from talatat.evolution.quoting import literal, quoted

_SMALL = 16 * 2**20
_AT_ONCE = 100

_SIZES = """
SELECT c.relname, sum(pg_total_relation_size(p.relid))::bigint, sum(pg_relation_size(p.relid))::bigint
FROM pg_class c
CROSS JOIN LATERAL (SELECT c.oid AS relid UNION SELECT relid FROM pg_partition_tree(c.oid)) p
WHERE c.relkind IN ('r', 'p', 'm') AND pg_table_is_visible(c.oid) AND c.relname = ANY(ARRAY[{}]::text[])
GROUP BY c.relname
"""
_PAGES = """
SELECT m.tbl_name, sum(d.pgsize) FROM sqlite_master m JOIN dbstat d ON d.name = m.name
WHERE m.tbl_name IN ({}) GROUP BY m.tbl_name
"""


def measure(connection: Connection, tables: Collection[str]) -> dict[str, dict[str, int]]:
    """Return rows and bytes of those of `tables` that exist: {table: {"rows": 3, "bytes": 8192}}.

    Bytes are with indexes. On PostgreSQL the rows of a table over 16 MB are the planner's estimate.
    """
    names = sorted(set(tables))
    if connection.dialect.name == "postgresql":
        return _postgresql(connection, names)
    return _sqlite(connection, names)


def _postgresql(connection: Connection, names: Sequence[str]) -> dict[str, dict[str, int]]:
    asked = ", ".join(literal(one) for one in names)
    sizes = {
        name: (total, own) for name, total, own in _ask(connection, _SIZES.format(asked))
    }  # fmt: skip
    small = [name for name, (_, own) in sizes.items() if own <= _SMALL]
    rows = count_rows(connection, small)
    for name in sizes.keys() - rows.keys():
        rows[name] = _estimated(connection, name)
    return {name: {"rows": rows[name], "bytes": sizes[name][0]} for name in sorted(sizes)}


def _estimated(connection: Connection, name: str) -> int:
    """The planner's estimate: it knows the size of now, and works for what was never analysed."""
    explain = f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {quoted(name)}"
    plan = next(iter(_ask(connection, explain)))[0]
    return int(plan[0]["Plan"]["Plan Rows"])


def _sqlite(connection: Connection, names: Sequence[str]) -> dict[str, dict[str, int]]:
    asked = ", ".join(literal(one) for one in names)
    listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ({})"
    existing = [row[0] for row in _ask(connection, listed.format(asked))]
    rows = count_rows(connection, existing)
    sizes = _pages(connection, existing, rows)
    return {name: {"rows": rows[name], "bytes": sizes.get(name, 0)} for name in sorted(existing)}


def _pages(connection: Connection, names: Sequence[str], rows: Mapping[str, int]) -> dict[str, int]:
    try:
        asked = ", ".join(literal(one) for one in names)
        return dict(_ask(connection, _PAGES.format(asked)))
    except OperationalError:  # an SQLite that was built without dbstat
        pages, size = (next(iter(_ask(connection, f"PRAGMA {one}")))[0] for one in _FILE)
        each = pages * size // max(1, sum(rows.values()))
        return {name: rows[name] * each for name in names}


_FILE = ("page_count", "page_size")


def count_rows(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Return the exact number of rows of each of `names`, which have to exist."""
    found: dict[str, int] = {}
    for place in range(0, len(names), _AT_ONCE):
        counts = (
            f"SELECT {literal(name)}, count(*) FROM {quoted(name)}"
            for name in names[place : place + _AT_ONCE]
        )
        found.update(map(tuple, _ask(connection, " UNION ALL ".join(counts))))
    return found


def _ask(connection: Connection, query: str) -> Iterable[Any]:
    """Run a query in which a percent sign is one."""
    return connection.exec_driver_sql(query, execution_options={"no_parameters": True}).fetchall()
