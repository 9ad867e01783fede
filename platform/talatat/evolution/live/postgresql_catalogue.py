"""PostgreSQL's catalogue as rows: one query for each table of it, whatever the number of tables.

What belongs to an extension is left out: the extension makes it. Only schemas on the search path are read.
"""

# ruff: noqa: S608  # the queries are put together from the texts below and nothing else

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

_HERE = "n.nspname = ANY(current_schemas(false))"
_OWN = (
    "NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = '{}'::regclass AND e.objid = {}.oid"
    " AND e.deptype = 'e')"
)


class Relation(NamedTuple):
    """A table, view, sequence or composite type. `bound` and `parents` are of partitions and heirs."""

    oid: int
    name: str
    ref: str
    kind: str
    persistence: str
    secured: bool
    forced: bool
    partition_key: str | None
    bound: str | None
    parents: list[int] | None
    definition: str | None
    options: list[str] | None


RELATIONS = f"""
SELECT c.oid::bigint, CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END,
       c.oid::regclass::text, c.relkind::text, c.relpersistence::text, c.relrowsecurity, c.relforcerowsecurity,
       CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
       (SELECT array_agg(i.inhparent::bigint ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
       CASE WHEN c.relkind = 'v' THEN c.reloptions END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c') AND {_HERE} AND {_OWN.format("pg_class", "c")}
ORDER BY n.nspname, c.relname
"""


class Attribute(NamedTuple):
    """A column of a table or of a composite type."""

    relation: int
    name: str
    type: str
    notnull: bool
    default: str | None
    identity: str
    generated: str
    collation: str | None


ATTRIBUTES = f"""
SELECT a.attrelid::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'c') AND {_HERE} AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""


class Constraint(NamedTuple):
    """A constraint; `kind` is p, u, x, c or f. `parent` is set where a partitioned table's made it."""

    oid: int
    relation: int
    domain: int
    name: str
    kind: str
    definition: str
    backing: int
    target: int
    target_ref: str | None
    ondelete: str
    parent: int
    columns: list[str]
    target_columns: list[str]


def _names(numbers: str, relation: str) -> str:
    return (
        f"ARRAY(SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY AS k (number, place)"
        f" LEFT JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.number ORDER BY k.place)"
    )


CONSTRAINTS = f"""
SELECT o.oid::bigint, o.conrelid::bigint, o.contypid::bigint, o.conname::text, o.contype::text,
       pg_get_constraintdef(o.oid), o.conindid::bigint, o.confrelid::bigint,
       CASE WHEN o.confrelid <> 0 THEN o.confrelid::regclass::text END, o.confdeltype::text,
       o.conparentid::bigint, {_names("o.conkey", "o.conrelid")}, {_names("o.confkey", "o.confrelid")}
FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
WHERE o.contype IN ('p', 'u', 'x', 'c', 'f') AND {_HERE} ORDER BY o.conrelid, o.conname
"""


class IndexRow(NamedTuple):
    """An index. `parent` is the partitioned index of which it is a part."""

    oid: int
    relation: int
    name: str
    ref: str
    definition: str
    unique: bool
    primary: bool
    partial: bool
    valid: bool
    columns: list[str | None]
    parent: str | None


INDEXES = f"""
SELECT i.indexrelid::bigint, i.indrelid::bigint, c.relname::text, c.oid::regclass::text,
       pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indpred IS NOT NULL, i.indisvalid,
       {_names("i.indkey[0:i.indnkeyatts - 1]", "i.indrelid")},
       (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_HERE} ORDER BY i.indrelid, c.relname
"""


class Named(NamedTuple):
    """A trigger, a policy or a rule: `definition` makes it, `after` says more of it."""

    relation: int
    name: str
    definition: str
    after: str


TRIGGERS = f"""
SELECT t.tgrelid::bigint, t.tgname::text, pg_get_triggerdef(t.oid),
       CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS'
         ELSE '' END
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {_HERE} ORDER BY t.tgrelid, t.tgname
"""
RULES = f"""
SELECT r.ev_class::bigint, r.rulename::text, pg_get_ruledef(r.oid), ''
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {_HERE} ORDER BY r.ev_class, r.rulename
"""
POLICIES = f"""
SELECT p.polrelid::bigint, p.polname::text,
  'CREATE POLICY ' || quote_ident(p.polname) || ' ON ' || c.oid::regclass || ' AS '
  || CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END || ' FOR '
  || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
  || ' TO ' || array_to_string(ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END FROM unnest(p.polroles) r), ', ')
  || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
  || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''), ''
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_HERE} ORDER BY p.polrelid, p.polname
"""


class Function(NamedTuple):
    """A function, procedure or aggregate, with the statement that makes it."""

    oid: int
    name: str
    arguments: str
    definition: str


FUNCTIONS = f"""
SELECT p.oid::bigint, p.proname::text, pg_get_function_identity_arguments(p.oid),
  CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE
    'CREATE AGGREGATE ' || quote_ident(p.proname) || ' (' || pg_get_function_identity_arguments(p.oid) || ') (SFUNC = '
    || g.aggtransfn || ', STYPE = ' || format_type(g.aggtranstype, NULL)
    || CASE WHEN g.aggfinalfn <> 0 THEN ', FINALFUNC = ' || g.aggfinalfn ELSE '' END
    || CASE WHEN g.aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || g.aggcombinefn ELSE '' END
    || coalesce(', INITCOND = ' || quote_literal(g.agginitval), '') || ')' END
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid
WHERE {_HERE} AND {_OWN.format("pg_proc", "p")} ORDER BY p.proname, 3
"""


class Type(NamedTuple):
    """An enum, a domain, a range or (with its relation) a composite type."""

    oid: int
    name: str
    ref: str
    kind: str
    base: str
    notnull: bool
    default: str | None
    collation: str | None
    labels: list[str]
    relation: int


TYPES = f"""
SELECT t.oid::bigint, t.typname::text, format_type(t.oid, NULL), t.typtype::text,
       CASE t.typtype WHEN 'r' THEN (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid)
         ELSE format_type(t.typbasetype, t.typtypmod) END,
       t.typnotnull, t.typdefault,
       CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
       t.typrelid::bigint
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')) AND {_HERE}
  AND {_OWN.format("pg_type", "t")} ORDER BY t.typname
"""


class SequenceRow(NamedTuple):
    """A sequence; `how` is a where it is a serial column's, i where it is an identity's, else None."""

    oid: int
    type: str
    start: int
    increment: int
    maximum: int
    minimum: int
    cache: int
    cycles: bool
    relation: int | None
    column: str | None
    how: str | None


SEQUENCES = """
SELECT s.seqrelid::bigint, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
       s.seqcache, s.seqcycle, d.refobjid::bigint, a.attname::text, d.deptype::text
FROM pg_sequence s
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
"""
EXTENSIONS = """
SELECT e.extname::text, CASE WHEN n.nspname <> ALL(current_schemas(true)) THEN quote_ident(n.nspname) END
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY 1
"""
# What must be made before what, as far as the kinds alone do not tell: (catalogue, oid) on both sides.
# A view is its rule's, a default its table's, a row type its table's, an array its element's.
DEPENDENCIES = """
SELECT DISTINCT
  CASE WHEN r.oid IS NULL AND f.oid IS NULL THEN d.classid::regclass::text ELSE 'pg_class' END,
  coalesce(r.ev_class, f.adrelid, d.objid)::bigint,
  CASE WHEN coalesce(m.typrelid, t.typrelid, 0) <> 0 THEN 'pg_class' ELSE d.refclassid::regclass::text END,
  CASE WHEN m.typrelid <> 0 THEN m.typrelid WHEN m.oid IS NOT NULL THEN m.oid
       WHEN t.typrelid <> 0 THEN t.typrelid ELSE d.refobjid END::bigint
FROM pg_depend d
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
LEFT JOIN pg_type m ON m.oid = t.typelem AND t.typcategory = 'A'
WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype = 'n'
  AND d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_rewrite'::regclass,
                    'pg_attrdef'::regclass, 'pg_constraint'::regclass)
  AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass)
  AND NOT (d.classid = 'pg_constraint'::regclass AND d.refclassid = 'pg_class'::regclass)
"""


def ask(connection: Connection, query: str) -> Sequence[Any]:
    """Run one of the queries."""
    options = {"no_parameters": True}
    return connection.exec_driver_sql(query, execution_options=options).fetchall()


class Catalogue:
    """All of it, read once; what stands on a relation is grouped by the relation's oid."""

    def __init__(self, connection: Connection) -> None:
        self.search_path: tuple[str, ...] = tuple(
            row[0] for row in ask(connection, "SELECT unnest(current_schemas(false))::text")
        )
        self.extensions = [(row[0], row[1]) for row in ask(connection, EXTENSIONS)]
        self.relations = {row[0]: Relation(*row) for row in ask(connection, RELATIONS)}
        self.columns = _grouped(Attribute(*row) for row in ask(connection, ATTRIBUTES))
        self.constraints = _grouped(Constraint(*row) for row in ask(connection, CONSTRAINTS))
        self.indexes = _grouped(IndexRow(*row) for row in ask(connection, INDEXES))
        self.triggers = [Named(*row) for row in ask(connection, TRIGGERS)]
        self.rules = [Named(*row) for row in ask(connection, RULES)]
        self.policies = [Named(*row) for row in ask(connection, POLICIES)]
        self.functions = [Function(*row) for row in ask(connection, FUNCTIONS)]
        self.types = [Type(*row) for row in ask(connection, TYPES)]
        self.sequences = {row[0]: SequenceRow(*row) for row in ask(connection, SEQUENCES)}
        self.dependencies = [
            ((row[0], row[1]), (row[2], row[3])) for row in ask(connection, DEPENDENCIES)
        ]


_Row = TypeVar("_Row", Attribute, Constraint, IndexRow)


def _grouped(rows: Iterable[_Row]) -> dict[int, list[_Row]]:
    """Rows by the relation on which they stand; a domain's constraints stand on none, 0."""
    found: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row.relation].append(row)
    return dict(found)
