"""Which tables and other things are an addon's, how they can be made again, and who else needs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from talatat.evolution.archive import postgresql, sqlite
from talatat.evolution.archive.manifest import FIRST, Column, ForeignKey, Part, TableEntry
from talatat.evolution.archive.naming import owned, owner_of
from talatat.evolution.hazards.tokens import tokenize
from talatat.evolution.live import Object, Schema, TableInfo
from talatat.evolution.tables import version_table

_STOOD_ON = ("table", "view")
# What stands on a table goes with it, whoever made it; these have no name that others could refer to.
_ON_TABLES = ("index", "constraint", "setting")
# What has a text in which the names of tables, types and functions stand.
_WORDED = ("view", "trigger", "function", "constraint", "index")


@dataclass(frozen=True)
class Belongings:
    """What belongs to an addon. `version_sql` makes its version table, () where there is none."""

    addon: str
    tables: tuple[TableEntry, ...]
    parts: tuple[Part, ...]
    version_sql: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """What others may refer to, in lower case."""
        parts = {one.name for one in self.parts if one.kind not in _ON_TABLES}
        names = parts | {one.name for one in self.tables}
        return frozenset(name.partition("(")[0].lower() for name in names)  # functions: name(types)


def belongings(
    connection: Connection, schema: Schema, addon: str, addons: Collection[str]
) -> Belongings:
    """Return what belongs to `addon`; `addons` are all that are known, for the longest name wins."""
    version = version_table(addon)
    known = {*addons, addon}
    own = set(owned(addon, {one.name for one in schema.objects}, known)) - {version}
    standing = {one.name for one in schema.objects if one.kind in _STOOD_ON} & own
    tables: list[TableEntry] = []
    parts: list[Part] = []
    version_sql: list[str] = []
    for place, one in enumerate(schema.objects):
        if version in (one.name if one.kind == "table" else None, one.table):
            version_sql.append(one.sql)
        elif one.kind == "table" and one.name in own:
            tables.append(_table(connection, one, place, schema))
        elif _is_part(one, addon, standing, known) and not _is_foreign_key(one, schema):
            parts.append(Part(one.kind, one.name, one.sql, one.table, place))
    parts = _marked(connection, tables, parts)
    if connection.dialect.name == "sqlite":
        tables += sqlite.shadows(connection, [one.name for one in tables if one.kind == "virtual"])
    return Belongings(addon, tuple(tables), tuple(parts), tuple(version_sql))


def _marked(
    connection: Connection, tables: Sequence[TableEntry], parts: Sequence[Part]
) -> list[Part]:
    """The parts, those marked that cannot move with the tables; on SQLite no view can."""
    views = {one.name for one in parts if one.kind == "view"}
    out = views
    if connection.dialect.name == "postgresql":
        names = {one.name.partition("(")[0] for one in parts if one.kind in (*FIRST, "view")}
        out = postgresql.looking_out(connection, names | {one.name for one in tables})
    moving = {one.name for one in tables} | (views - out)
    return [
        replace(one, apart=one.name in out if one.kind == "view" else one.table not in moving)
        if one.kind not in FIRST
        else one
        for one in parts
    ]


def dependents(
    schema: Schema, leaving: Iterable[Belongings], addons: Collection[str]
) -> list[tuple[str, str]]:
    """Return (addon, what of it) for all that refers to what is to leave, and would stay itself.

    The addon is empty for what is named after none.
    """
    leaving = list(leaving)
    names = frozenset(name for one in leaving for name in one.names)
    gone = {one.addon for one in leaving}
    found = set()
    for name, what in _references(schema, names, addons):
        owner = owner_of(name, addons)
        if owner not in gone and name.lower() not in names:
            found.add((owner or "", what))
    return sorted(found)


def _references(
    schema: Schema, names: Collection[str], addons: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield, for each reference to `names`, the name by which its owner is known, and a text."""
    for table, info in schema.tables.items():
        for key in info.foreign_keys:
            if key.target_table.lower() in names:
                yield table, f"{table} ({', '.join(key.columns)}) refers to {key.target_table}"
        for name, column in info.columns.items():
            said = f"{column.type} {column.default or ''}".rstrip()
            if _mentions(said, names):
                yield table, f"{table}.{name} is {said}"
    for one in schema.objects:
        if one.kind in _WORDED and not _is_foreign_key(one, schema) and _mentions(one.sql, names):
            own = one.table is None or owner_of(one.name, addons) is not None
            yield one.name if own else one.table or "", f"{one.kind} {one.name} names it"


def _mentions(text: str, names: Collection[str]) -> bool:
    return any(
        one.name.lower() in names for one in tokenize(text) if one.kind in ("word", "quoted")
    )


def _table(connection: Connection, one: Object, place: int, schema: Schema) -> TableEntry:
    info = schema.tables.get(one.name)
    if info is None:
        return TableEntry(one.name, "virtual", one.sql, place=place)
    columns = tuple(
        Column(name, column.type, column.nullable)
        for name, column in info.columns.items()
        if not column.generated
    )
    if connection.dialect.name == "sqlite":
        columns = (*sqlite.hidden_key(connection, one.name, columns, info.primary_key), *columns)
    keys = _foreign_keys(one.name, info, schema)
    return TableEntry(one.name, "table", one.sql, columns, info.primary_key, keys, place=place)


def _foreign_keys(table: str, info: TableInfo, schema: Schema) -> tuple[ForeignKey, ...]:
    made = {
        one.name: one.sql
        for one in schema.objects
        if one.kind == "constraint" and one.table == table
    }
    return tuple(
        ForeignKey(
            key.name,
            tuple(key.columns),
            key.target_table,
            tuple(key.target_columns),
            key.ondelete,
            made.get(key.name or ""),
            not postgresql.is_unchecked(made.get(key.name or "", "")),
        )
        for key in info.foreign_keys
        # A partition's are its parent's, and have no statement.
        if schema.dialect == "sqlite" or key.name in made
    )


def _is_part(one: Object, addon: str, standing: Collection[str], addons: Collection[str]) -> bool:
    """Whether an object goes with the addon: by its own name, or with the table on which it stands."""
    owner = owner_of(one.name, addons) if one.kind not in _ON_TABLES else None
    return owner == addon or (owner is None and one.table in standing)


def _is_foreign_key(one: Object, schema: Schema) -> bool:
    info = schema.tables.get(one.table or "")
    keys = info.foreign_keys if info is not None else ()
    return one.kind == "constraint" and any(key.name == one.name for key in keys)
