"""A PostgreSQL database's schema, from its catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from talatat.evolution.live import postgresql_statements as ddl
from talatat.evolution.live.ordering import Key, Node, ordered
from talatat.evolution.live.postgresql_catalogue import (
    Attribute,
    Catalogue,
    Constraint,
    IndexRow,
    Named,
    Relation,
    SequenceRow,
)
from talatat.evolution.live.postgresql_spelling import respelled
from talatat.evolution.live.schema import (
    Column,
    ForeignKey,
    Index,
    Object,
    Schema,
    TableInfo,
    Wanted,
    counted,
    is_put_away,
)
from talatat.evolution.quoting import quoted

_ACTIONS = {"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
# The order in which kinds of statements work, as far as no dependency says another.
(_EXTENSION, _TYPE, _SEQUENCE, _FUNCTION, _TABLE, _OWNED, _CHECK, _PART, _UNIQUE, _INDEX, _INDEX_PART,
 _FOREIGN, _VIEW, _RULE, _TRIGGER) = range(15)  # fmt: skip
_CONSTRAINTS = {"c": _CHECK, "p": _UNIQUE, "u": _UNIQUE, "x": _UNIQUE, "f": _FOREIGN}


def read_postgresql(connection: Connection, only: Wanted | None) -> Schema:
    """Read the schema of a PostgreSQL database: what stands in the schemas on its search path."""
    catalogue = Catalogue(connection)
    reader = _Reader(catalogue, only)
    reader.read()
    objects = ordered(reader.nodes, catalogue.dependencies)
    tables = {name: reader.table_info(oid) for oid, name in reader.tables.items()}
    return Schema("postgresql", objects, tables, catalogue.search_path, counted(reader.canonical))


class _Reader:
    """Turns the rows of a catalogue into nodes to order and into the canonical form."""

    def __init__(self, catalogue: Catalogue, only: Wanted | None) -> None:
        self.catalogue = catalogue
        self.only = only
        self.nodes: list[Node] = []
        self.canonical: dict[str, dict[str, Any]] = {}
        # What is wanted: relations by oid, of which `tables` have columns of their own.
        self.relations = {
            oid: one for oid, one in catalogue.relations.items() if self._wanted(one.name)
        }
        self.tables = {oid: one.name for oid, one in self.relations.items() if one.kind in "rp"}
        # Indexes that a constraint makes.
        self.keyed = {
            one.backing
            for own in catalogue.constraints.values()
            for one in own
            if one.kind in "pux"
        }

    def _wanted(self, name: str) -> bool:
        return not is_put_away(name) and (self.only is None or self.only(name))

    def read(self) -> None:
        """Read everything, tables first: the canonical form of the rest stands in theirs."""
        if self.only is None:
            self._extensions()
        self._types()
        self._tables()
        self._sequences()
        self._functions()
        self._constraints()
        self._indexes()
        self._views()
        for rank, kind, rows in (
            (_TRIGGER, "triggers", self.catalogue.triggers),
            (_RULE, "rules", self.catalogue.rules),
            (_RULE, "policies", self.catalogue.policies),
        ):
            for row in rows:
                self._named(rank, kind, row)

    def _add(
        self, rank: int, kind: str, name: str, sql: str, table: str | None = None,
        key: Key | None = None, needs: tuple[Key, ...] = (),
    ) -> None:  # fmt: skip
        made = Object(kind, name, table, sql)
        self.nodes.append(Node(rank, made, key, needs))

    def _extensions(self) -> None:
        for name, schema in self.catalogue.extensions:
            if schema:
                made = f"CREATE SCHEMA IF NOT EXISTS {schema}"
                self._add(_EXTENSION, "extension", "", made)
            where = f" WITH SCHEMA {schema}" if schema else ""
            sql = f"CREATE EXTENSION IF NOT EXISTS {quoted(name)}{where}"
            self._add(_EXTENSION, "extension", name, sql)

    def _types(self) -> None:
        checks: dict[int, list[Constraint]] = defaultdict(list)
        for one in self.catalogue.constraints.get(0, []):
            checks[one.domain].append(one)
        for row in self.catalogue.types:
            if self._wanted(row.name):
                # A composite type's dependencies are its relation's.
                key = ("pg_class", row.relation) if row.relation else ("pg_type", row.oid)
                sql = ddl.create_type(row, self._columns(row.relation), checks[row.oid])
                self._add(_TYPE, "type", row.name, sql, key=key)
                self.canonical[row.name] = {"kind": "type", "sql": respelled(sql)}

    def _columns(self, relation: int) -> Sequence[Attribute]:
        return self.catalogue.columns.get(relation, [])

    def _identities(self) -> dict[tuple[int, str], tuple[Relation, SequenceRow]]:
        return {
            (row.relation, row.column): (self.catalogue.relations[oid], row)
            for oid, row in self.catalogue.sequences.items()
            if row.how == "i" and row.relation and row.column and oid in self.catalogue.relations
        }

    def _tables(self) -> None:
        identities = self._identities()
        for oid, name in self.tables.items():
            table = self.relations[oid]
            key = ("pg_class", oid)
            sql = ddl.create_table(table, self._columns(oid), identities)
            self._add(_TABLE, "table", name, sql, key=key)
            said: dict[str, Any] = {"kind": "table", "columns": {}, "constraints": {}, "indexes": {},
                                    "triggers": {}}  # fmt: skip
            said["columns"] = {one.name: _column(one) for one in self._columns(oid)}
            for parent in table.parents or ():
                if (above := self.relations.get(parent)) is not None:
                    made = ddl.become_part(table, above)
                    needs = (key, ("pg_class", parent))
                    self._add(_PART, "setting", f"{name} of {above.name}", made, name, needs=needs)
                    said.setdefault("parents", []).append(above.name)
            options = {
                "unlogged": table.persistence == "u",
                "partition key": table.partition_key,
                "partition": table.bound,
                "row security": table.secured,
                "forced row security": table.forced,
            }
            said.update({option: value for option, value in options.items() if value})
            for option, what in ((table.secured, "ENABLE"), (table.forced, "FORCE")):
                if option:
                    made = f"ALTER TABLE {table.ref} {what} ROW LEVEL SECURITY"
                    self._add(_OWNED, "setting", f"{name} {what}", made, name, needs=(key,))
            self.canonical[name] = said

    def _sequences(self) -> None:
        for oid, row in self.catalogue.sequences.items():
            relation = self.catalogue.relations.get(oid)
            if relation is None:
                continue
            owner = self.tables.get(row.relation or 0)
            if (owner is None) if row.how else (oid not in self.relations):
                continue
            said: dict[str, Any] = {"kind": "sequence", "how": list(row[1:8])}
            if owner is None:
                self.canonical[relation.name] = said
            else:
                said["column"] = row.column
                self.canonical[owner].setdefault("sequences", {})[relation.name] = said
            if row.how != "i":
                sql = ddl.create_sequence(relation, row)
                self._add(_SEQUENCE, "sequence", relation.name, sql, owner, ("pg_class", oid))
            if row.how == "a" and row.relation and row.column:
                table = self.relations[row.relation]
                owned = f"{table.ref}.{quoted(row.column)}"
                sql = f"ALTER SEQUENCE {relation.ref} OWNED BY {owned}"
                needs = (("pg_class", oid), ("pg_class", row.relation))
                self._add(_OWNED, "setting", f"{relation.name} owned", sql, owner, needs=needs)

    def _functions(self) -> None:
        for row in self.catalogue.functions:
            if self._wanted(row.name):
                name = f"{row.name}({row.arguments})"
                self._add(_FUNCTION, "function", name, row.definition, key=("pg_proc", row.oid))
                self.canonical[name] = {"kind": "function", "sql": row.definition}

    def _constraints(self) -> None:
        for oid, name in self.tables.items():
            for row in self.catalogue.constraints.get(oid, []):
                self._constraint(name, row)

    def _constraint(self, name: str, row: Constraint) -> None:
        if row.kind == "f" and row.parent:
            return  # the partitioned table's makes it
        table = self.relations[row.relation]
        sql = ddl.add_constraint(table, row)
        needs = (("pg_class", row.relation), ("pg_class", row.target))
        key = ("pg_constraint", row.oid)
        rank = _CONSTRAINTS[row.kind]
        self._add(rank, "constraint", row.name, sql, name, key, needs)
        self.canonical[name]["constraints"][row.name] = respelled(row.definition)

    def _indexes(self) -> None:
        for oid, relation in self.relations.items():
            for row in self.catalogue.indexes.get(oid, []):
                self._index(relation.name, row)

    def _index(self, name: str, row: IndexRow) -> None:
        needs = (("pg_class", row.relation),)
        said = self.canonical.setdefault(name, {"kind": "view", "indexes": {}})
        if row.oid not in self.keyed:
            self._add(_INDEX, "index", row.name, row.definition, name, needs=needs)
            text = respelled(row.definition)
            said["indexes"][row.name] = text if row.valid else {"sql": text, "valid": False}
        if row.parent:
            sql = f"ALTER INDEX {row.parent} ATTACH PARTITION {row.ref}"
            self._add(_INDEX_PART, "setting", f"{row.name} part", sql, name, needs=needs)

    def _views(self) -> None:
        for oid, row in self.relations.items():
            if row.kind in "vm":
                sql = ddl.create_view(row)
                self._add(_VIEW, "view", row.name, sql, key=("pg_class", oid))
                said = self.canonical.setdefault(row.name, {})
                said.update(kind="view", sql=respelled(sql))

    def _named(self, rank: int, kind: str, row: Named) -> None:
        relation = self.relations.get(row.relation)
        if relation is None:
            return
        needs = (("pg_class", row.relation),)
        what = "trigger" if kind == "triggers" else "setting"
        self._add(rank, what, row.name, row.definition, relation.name, needs=needs)
        after = ""
        if row.after:
            after = f"ALTER TABLE {relation.ref} {row.after} TRIGGER {quoted(row.name)}"
            name = f"{row.name} {row.after}"
            self._add(rank, "setting", name, after, relation.name, needs=needs)
        said = self.canonical[relation.name].setdefault(kind, {})
        said[row.name] = respelled("; ".join(filter(None, (row.definition, after))))

    def table_info(self, oid: int) -> TableInfo:
        """What others want to know of a table."""
        own = self.catalogue.constraints.get(oid, [])
        return TableInfo(
            {
                one.name: Column(
                    one.type, not one.notnull, one.default, bool(one.generated), bool(one.identity)
                )
                for one in self._columns(oid)
            },
            next((tuple(one.columns) for one in own if one.kind == "p"), ()),
            tuple(
                ForeignKey(
                    one.name, tuple(one.columns), self._target(one),
                    tuple(one.target_columns), _ACTIONS.get(one.ondelete, "no action"),
                )
                for one in own if one.kind == "f"
            ),
            {
                row.name: Index(tuple(row.columns), row.unique, row.partial, row.valid)
                for row in self.catalogue.indexes.get(oid, []) if not row.primary
            },
        )  # fmt: skip

    def _target(self, key: Constraint) -> str:
        """The table that a foreign key leads to; one that is not on the search path with its schema."""
        relation = self.catalogue.relations.get(key.target)
        return relation.name if relation is not None else key.target_ref or ""


def _column(one: Attribute) -> dict[str, Any]:
    said = {
        "type": one.type,
        "nullable": not one.notnull,
        "default": None if one.default is None else respelled(one.default),
        "generated": one.generated or None,
        "identity": one.identity or None,
        "collation": one.collation,
    }
    return {name: value for name, value in said.items() if value is not None}
