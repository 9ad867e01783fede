"""PostgreSQL's catalogue as plain data: what the oracles compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'"


class Relation(NamedTuple):
    name: str
    schema: str
    kind: str
    file: int
    secured: bool
    options: str | None
    grants: str | None
    comment: str | None


class Attribute(NamedTuple):
    name: str
    dropped: bool
    not_null: bool
    default: bool
    type: tuple[int, int, int]
    detail: str


class Bound(NamedTuple):
    name: str
    kind: str
    table: int
    valid: bool
    index: int
    target: int
    action: str


@dataclass
class Catalogue:
    relations: dict[int, Relation]
    columns: dict[tuple[int, int], Attribute]
    constraints: dict[int, Bound]
    indexes: dict[int, int]  # of which table
    attached: set[tuple[str, str, int]]
    views: dict[int, str]
    objects: dict[str, dict[int, str]]  # functions, types, labels, schemas: their names

    def tables(self) -> dict[int, Relation]:
        return {oid: one for oid, one in self.relations.items() if one.kind == "r"}

    def portrait(self, oid):
        """All of one table that its owner would see change."""
        own = self.relations.get(oid)
        bound = sorted((one.name, one.kind, one.valid, one.action)
                       for one in self.constraints.values() if one.table == oid)  # fmt: skip
        indexes = sorted(
            self.relations[index].name for index, table in self.indexes.items() if table == oid
        )
        columns = sorted((key, one) for key, one in self.columns.items() if key[0] == oid)
        return own and own._replace(file=0), columns, bound, indexes, self.views.get(oid)


RELATIONS = f"""SELECT c.oid::int, c.relname, n.nspname, c.relkind, coalesce(pg_relation_filenode(c.oid), 0)::int,
    c.relrowsecurity, c.reloptions::text, c.relacl::text, obj_description(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OWN} AND c.relkind IN ('r', 'm', 'v', 'S', 'i')"""
COLUMNS = f"""SELECT a.attrelid::int, a.attnum, a.attname, a.attisdropped, a.attnotnull, a.atthasdef, a.atttypid::int, a.atttypmod,
    a.attcollation::int, coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(a.attstattarget, -1)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE {OWN} AND a.attnum > 0 AND c.relkind IN ('r', 'm', 'v')"""
CONSTRAINTS = """SELECT oid::int, conname, contype, conrelid::int, convalidated, conindid::int, confrelid::int, confdeltype
    FROM pg_constraint WHERE conrelid > 0 AND contype IN ('p', 'u', 'f', 'c', 'x')"""
INDEXES = f"""SELECT i.indexrelid::int, i.indrelid::int FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OWN}"""
ATTACHED = """SELECT 'trigger', tgname::text, tgrelid::int FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'rule', rulename::text, ev_class::int FROM pg_rewrite WHERE rulename <> '_RETURN' AND ev_class > 16383
    UNION ALL SELECT 'policy', polname::text, polrelid::int FROM pg_policy"""
VIEWS = (
    "SELECT oid::int, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid > 16383"
)
OBJECTS = {
    "functions": f"SELECT p.oid::int, p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {OWN}",
    "types": f"""SELECT t.oid::int, t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE {OWN} AND t.typtype IN ('e', 'd')""",
    "labels": "SELECT oid::int, enumlabel::text FROM pg_enum",
    "schemas": f"SELECT n.oid::int, nspname::text FROM pg_namespace n WHERE {OWN}",
}


def read(cursor) -> Catalogue:
    ask = lambda sql: cursor.execute(sql).fetchall()  # noqa: E731
    return Catalogue(
        {row[0]: Relation(*row[1:]) for row in ask(RELATIONS)},
        {row[:2]: Attribute(*row[2:6], row[6:9], row[9]) for row in ask(COLUMNS)},
        {row[0]: Bound(*row[1:]) for row in ask(CONSTRAINTS)},
        dict(ask(INDEXES)),
        set(ask(ATTACHED)),
        dict(ask(VIEWS)),
        {kind: dict(ask(sql)) for kind, sql in OBJECTS.items()},
    )
