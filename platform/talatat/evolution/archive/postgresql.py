"""Moving tables away and back on PostgreSQL: into a schema of their own, without touching a row.

Tables, views, types, routines and free sequences change their schema; indexes, constraints, triggers and
the sequences of columns go with their tables. What would go on acting on the tables of others is dropped
and made again on the way back: foreign keys, views that look at such tables, triggers on them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from talatat.evolution.archive.manifest import FIRST, ForeignKey, Manifest
from talatat.evolution.archive.naming import location
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept.sql import quoted, ran
from talatat.evolution.quoting import literal

_UNCHECKED = " NOT VALID"

_THINGS = """
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'v' THEN 'VIEW'
         WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
       c.relname::text, c.oid::regclass::text
  FROM pg_class c WHERE c.relnamespace = {schema}::regnamespace
   AND (c.relkind IN ('r', 'p', 'f', 'v', 'm') OR (c.relkind = 'S' AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
           AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0)))
UNION ALL
SELECT 'ROUTINE', p.proname::text, p.oid::regprocedure::text FROM pg_proc p
 WHERE p.pronamespace = {schema}::regnamespace
UNION ALL
SELECT 'TYPE', t.typname::text, t.oid::regtype::text FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE t.typnamespace = {schema}::regnamespace
   AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
UNION ALL
SELECT 'STATISTICS', c.relname::text, quote_ident(n.nspname) || '.' || quote_ident(s.stxname)
  FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace n ON n.oid = s.stxnamespace
 WHERE s.stxnamespace = {schema}::regnamespace
"""
_VIEWS = """
SELECT CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, relname::text FROM pg_class
 WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('v', 'm')
"""
# What each view needs of what was not made with the server: the name of a table or view, else NULL.
_VIEWED = """
SELECT v.relname::text, CASE WHEN c.relnamespace = current_schema()::regnamespace THEN c.relname::text END,
       p.proname::text, t.typname::text
  FROM pg_class v JOIN pg_rewrite r ON r.ev_class = v.oid
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid >= 16384
   AND d.refobjid <> v.oid
  LEFT JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
  LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
  LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
 WHERE v.relnamespace = current_schema()::regnamespace AND v.relkind IN ('v', 'm')
   AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
"""
# What was made since, by hand, on top of an archive.
_USING = """
SELECT 'view ' || v.oid::regclass FROM pg_class v JOIN pg_rewrite r ON r.ev_class = v.oid
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class c ON c.oid = d.refobjid AND c.relnamespace = {schema}::regnamespace
 WHERE v.relnamespace <> c.relnamespace
UNION SELECT 'table ' || f.conrelid::regclass FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid
 WHERE c.relnamespace = {schema}::regnamespace AND f.connamespace <> c.relnamespace
UNION SELECT 'column ' || a.attname || ' of ' || o.oid::regclass FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_class o ON o.oid = a.attrelid
 WHERE t.typnamespace = {schema}::regnamespace AND o.relnamespace <> t.typnamespace AND NOT a.attisdropped
   AND o.relkind IN ('r', 'p', 'm')
ORDER BY 1
"""
_SEQUENCES = """
SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace
 ORDER BY relname
"""
_PARTITIONED = """
SELECT relname::text FROM pg_class WHERE relkind = 'p' AND relnamespace = current_schema()::regnamespace
 AND relname = {name}
"""


class _Thing(NamedTuple):
    kind: str
    name: str
    ref: str


def _ask(connection: Connection, query: str, **parts: str) -> list[Any]:
    return list(ran(connection, query, **parts).fetchall())


def is_unchecked(sql: str) -> bool:
    """Whether a constraint was added without asking the rows that were there."""
    return sql.endswith(_UNCHECKED)


def schema_here(connection: Connection) -> str:
    """Return the schema in which tables are made."""
    return str(ran(connection, "SELECT current_schema()").scalar_one())


def hold(connection: Connection, names: Iterable[str]) -> None:
    """Keep everybody from writing to tables until the transaction ends; reading goes on."""
    tables = ", ".join(quoted(connection, name) for name in names)
    if tables:
        ran(connection, "LOCK TABLE {tables} IN SHARE MODE", tables=tables)


def looking_out(connection: Connection, own: Collection[str]) -> set[str]:
    """Return those of the views in `own` that need, directly or not, what is not in `own`."""
    needs: dict[str, set[str]] = {}
    for view, *needed in _ask(connection, _VIEWED):
        if view in own:
            needs.setdefault(view, set()).add(next((one for one in needed if one), ""))
    out: set[str] = set()
    while more := {
        view
        for view, needed in needs.items()
        if view not in out and any(one not in own or one in out for one in needed)
    }:
        out |= more
    return out


def put_away(connection: Connection, manifest: Manifest) -> None:
    """Move what belongs to the addon into the schema of the archive; see `let_go`."""
    schema = quoted(connection, location("postgresql", manifest.id))
    ran(connection, "CREATE SCHEMA {schema}", schema=schema)
    names = {one.name for one in manifest.tables} | {
        one.name.partition("(")[0]
        for one in manifest.parts
        if one.kind in (*FIRST, "view") and not one.apart
    }
    _move(connection, schema_here(connection), schema, names)


def let_go(connection: Connection, manifest: Manifest) -> None:
    """Drop what would go on acting: views, triggers on the tables of others, all foreign keys."""
    kinds = {row[1]: row[0] for row in _ask(connection, _VIEWS)}
    for part in reversed(manifest.apart()):
        name = quoted(connection, part.name)
        if part.kind == "view":
            ran(connection, "DROP {kind} {name}", kind=kinds[part.name], name=name)
        elif part.kind == "trigger" and part.table:
            on = quoted(connection, part.table)
            ran(connection, "DROP TRIGGER IF EXISTS {name} ON {on}", name=name, on=on)
    for table in manifest.tables:
        drops = [
            f"DROP CONSTRAINT {quoted(connection, key.name)}"
            for key in table.foreign_keys
            if key.name
        ]
        if drops:
            on = quoted(connection, table.name)
            ran(connection, "ALTER TABLE {on} {drops}", on=on, drops=", ".join(drops))


def bring_back(connection: Connection, manifest: Manifest) -> None:
    """Move everything out of the schema of the archive, which is dropped."""
    away = location("postgresql", manifest.id)
    here = quoted(connection, schema_here(connection))
    _move(connection, away, here)
    ran(connection, "DROP SCHEMA {schema}", schema=quoted(connection, away))


def discard(connection: Connection, manifest: Manifest) -> None:
    """Drop the schema of the archive with all that is in it. Raises EvolutionError where others use it."""
    away = location("postgresql", manifest.id)
    schema = quoted(connection, away)
    using = [row[0] for row in _ask(connection, _USING, schema=literal(schema))]
    if using:
        raise EvolutionError(
            f"archive {manifest.id} cannot be dropped: {', '.join(using)} of others look into the schema "
            f"{away}. Drop these first. Nothing was changed."
        )
    ran(connection, "DROP SCHEMA {schema} CASCADE", schema=schema)


def _move(
    connection: Connection, source: str, target: str, names: Collection[str] | None = None
) -> None:
    for one in _things(connection, source):
        if names is None or one.name in names:
            ran(
                connection,
                "ALTER {kind} {ref} SET SCHEMA {target}",
                kind=one.kind,
                ref=one.ref,
                target=target,
            )


def _things(connection: Connection, schema: str) -> list[_Thing]:
    """What stands in a schema: routines first, for their names have those of types in them."""
    name = literal(quoted(connection, schema))
    things = [_Thing(*row) for row in _ask(connection, _THINGS, schema=name)]
    return sorted(things, key=lambda one: (one.kind != "ROUTINE", one.kind, one.name))


def make(connection: Connection, manifest: Manifest) -> None:
    """Make types, sequences, routines and tables, empty."""
    ran(connection, "SET LOCAL check_function_bodies = off")
    for sql in manifest.making():
        ran(connection, "{sql}", sql=sql)


def is_partitioned(connection: Connection, table: str) -> bool:
    """Whether a table has its rows in partitions."""
    return ran(connection, _PARTITIONED, name=literal(table)).first() is not None


def own_rows(connection: Connection, table: str) -> str:
    """Return, as SQL, a table with the rows that its foreign keys concern: not those of its heirs."""
    only = connection.dialect.name == "postgresql" and not is_partitioned(connection, table)
    return f"ONLY {quoted(connection, table)}" if only else quoted(connection, table)


def add_foreign_keys(connection: Connection, found: Iterable[tuple[str, ForeignKey]]) -> None:
    """Add foreign keys that act from now on; the rows that are there are not asked yet."""
    for table, key in found:
        sql = key.sql or ""
        if not is_partitioned(connection, table) and not is_unchecked(sql):
            sql += _UNCHECKED
        ran(connection, "{sql}", sql=sql)


def validate(connection: Connection, found: Iterable[tuple[str, ForeignKey]]) -> None:
    """Let foreign keys ask the rows, but for those that never did."""
    for table, key in found:
        if key.checked and key.name:
            on, name = quoted(connection, table), quoted(connection, key.name)
            ran(connection, "ALTER TABLE {on} VALIDATE CONSTRAINT {name}", on=on, name=name)


def sequences(connection: Connection) -> list[str]:
    """Return the names of all sequences."""
    return list(ran(connection, _SEQUENCES).scalars())


def counters(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    """Return the values of sequences, and whether they were handed out: {name: [value, called]}."""
    found: dict[str, Any] = {}
    for name in names:
        sequence = quoted(connection, name)
        row = ran(connection, "SELECT last_value, is_called FROM {name}", name=sequence).one()
        found[name] = list(row)
    return found


def count(connection: Connection, values: Mapping[str, Any]) -> None:
    """Put the values back."""
    for name, (value, called) in values.items():
        ran(
            connection,
            "SELECT setval({name}::regclass, {value}, {called})",
            name=literal(quoted(connection, name)),
            value=int(value),
            called=bool(called),
        )


def count_on(connection: Connection, manifest: Manifest) -> None:
    """Let the sequences of columns go on after the highest number that there is."""
    for table in manifest.tables:
        name = quoted(connection, table.name)
        for column in table.columns:
            of = f"{literal(name)}, {literal(column.name)}"
            sequence = ran(connection, "SELECT pg_get_serial_sequence({of})", of=of).scalar()
            if sequence is not None:
                count_ = "SELECT setval({s}, max({c})) FROM {t} HAVING max({c}) IS NOT NULL"
                own = quoted(connection, column.name)
                ran(connection, count_, s=literal(sequence), c=own, t=name)
