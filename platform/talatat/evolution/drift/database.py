"""What is wrong in the database itself: half-built indexes, keys that block others, rows that are missing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from talatat.evolution.desired import desired_of
from talatat.evolution.drift.case import Case
from talatat.evolution.drift.report import Finding
from talatat.evolution.live import TableInfo
from talatat.evolution.live.schema import is_put_away

_INVALID = """
SELECT i.relname, t.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_class t ON t.oid = x.indrelid
 WHERE NOT x.indisvalid AND i.relnamespace = ANY (ARRAY(SELECT oid FROM pg_namespace
       WHERE nspname = ANY (current_schemas(false)))) ORDER BY 1
"""
_UNCHECKED = """
SELECT c.conname, t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
 WHERE NOT c.convalidated AND t.relnamespace = ANY (ARRAY(SELECT oid FROM pg_namespace
       WHERE nspname = ANY (current_schemas(false)))) ORDER BY 1
"""
_VETOES = ("no action", "restrict")


def unfinished(case: Case) -> Iterator[Finding]:
    """PostgreSQL: indexes that are invalid, constraints that were never validated."""
    if case.opened.dialect != "postgresql" or case.observed.schema is None:
        return
    with case.opened.reading() as connection:
        indexes = connection.execute(text(_INVALID)).fetchall()
        constraints = connection.execute(text(_UNCHECKED)).fetchall()
    for name, table in indexes:
        yield Finding(
            "invalid-index",
            f"index {name} of {table} is invalid: a build was interrupted. It serves no query and slows writes.",
            f"REINDEX INDEX CONCURRENTLY {name}; or talatat apply, when its revision is pending still.",
            case.owner(table), table, "index", name,
        )  # fmt: skip
    for name, table in constraints:
        if not is_put_away(table):
            yield Finding(
                "not-validated",
                f"constraint {name} of {table} binds new rows only: old ones were never checked.",
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}; or the revision that does is pending still.",
                case.owner(table), table, "constraint", name,
            )  # fmt: skip


def foreign_keys(case: Case) -> Iterator[Finding]:
    """Keys to another addon's table that veto its deletes, or make each of them read a whole table."""
    if case.observed.schema is None:
        return
    for table, info in sorted(case.live.tables.items()):
        owner = case.owner(table)
        for key in info.foreign_keys:
            other = case.owner(key.target_table)
            if owner is None or other is None or owner == other:
                continue
            name = key.name or ", ".join(key.columns)
            where = f"foreign key {name} of {table} to {key.target_table} (addon {other})"
            command = f"talatat revision {case.opened.ini.uri} {owner} -m ..."
            mend = f"write a revision of {owner} ({command}, docs/hazards.md)"
            if key.ondelete in _VETOES:
                yield Finding(
                    "foreign-key-restricts",
                    f"{where} refuses deletes there, also while {owner} sleeps.",
                    f"{mend}, with ON DELETE CASCADE or SET NULL.",
                    owner, table, "constraint", name,
                )  # fmt: skip
            if not _indexed(info, key.columns):
                yield Finding(
                    "foreign-key-unindexed",
                    f"{where} has no index: each delete there reads all of {table}.",
                    f"{mend}, with an index on {', '.join(key.columns)}.",
                    owner, table, "constraint", name,
                )  # fmt: skip


def _indexed(info: TableInfo, columns: tuple[str, ...]) -> bool:
    wanted = set(columns)
    whole = [one.columns for one in info.indexes.values() if not one.partial and one.valid]
    keys = [*whole, info.primary_key]
    return any(set(one[: len(columns)]) == wanted for one in keys)


def guaranteed_rows(case: Case) -> Iterator[Finding]:
    """Extension rows of presence "always" that are missing."""
    if case.registry is None or case.observed.schema is None:
        return
    fills = [
        one
        for one in desired_of(case.registry).fills
        if {one.table, one.extends} <= set(case.live.tables)
    ]
    with case.opened.reading() as connection:
        for one in fills:
            missing = connection.exec_driver_sql(one.gaps).scalar_one()
            if missing:
                yield Finding(
                    "rows-missing",
                    f"{missing} rows of {one.extends} have no row in {one.table}, which {one.addon} "
                    f"guarantees: they are missing in lists that sort or filter by it.",
                    f"talatat apply {case.opened.ini.uri} makes them.",
                    one.addon, one.table,
                )  # fmt: skip
