"""An SQLite database's schema, from sqlite_master and the pragmas: four queries, however many tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from talatat.evolution.hazards.tokens import tokenize
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
from talatat.evolution.live.spelling import bare, spelled, squeezed
from talatat.evolution.live.sqlite_text import Reference, TableText, read_table
from talatat.evolution.quoting import literal, quoted

_OBJECTS = """
SELECT type, name, tbl_name, sql FROM sqlite_master WHERE substr(name, 1, 7) <> 'sqlite_' AND sql IS NOT NULL
ORDER BY rowid
"""
_COLUMNS = """
SELECT m.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' ORDER BY m.name, x.cid
"""
_INDEXES = """
SELECT m.name, l.name, l."unique", l.origin, l.partial, x.name
FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) x
WHERE m.type = 'table' AND x.key ORDER BY m.name, l.name, x.seqno
"""
_KINDS = ("table", "virtual", "index", "view", "trigger")
# Tables by their spelled names: how they are named, and their primary keys.
_Keys = Mapping[str, tuple[str, tuple[str, ...]]]
_COMPUTED = {2: "virtual", 3: "stored"}


class _Row(NamedTuple):
    kind: str
    name: str
    table: str
    sql: str

    @property
    def order(self) -> int:
        return _KINDS.index("virtual" if self.is_virtual else self.kind)

    @property
    def is_virtual(self) -> bool:
        return self.kind == "table" and self.sql[:20].upper().startswith("CREATE VIRTUAL")


class _Column(NamedTuple):
    name: str
    type: str
    notnull: int
    default: str | None
    pk: int
    hidden: int


def read_sqlite(connection: Connection, only: Wanted | None) -> Schema:
    """Read the schema of an SQLite database; the tables behind virtual ones are theirs and no objects."""
    rows = _rows(connection)
    listed = connection.exec_driver_sql("PRAGMA main.table_list").fetchall()
    hidden = {row[1] for row in listed if row[2] == "shadow"}
    rows = [
        row
        for row in rows
        if row.table not in hidden and not is_put_away(row.table)
        if only is None or only(row.table)
    ]
    rows.sort(key=lambda row: row.order)
    columns = _columns(connection)
    indexes = _indexes(connection)
    texts = {
        row.name: read_table(row.sql) for row in rows if row.kind == "table" and not row.is_virtual
    }
    keys = {_name(name): (name, _key(known)) for name, known in columns.items()}
    tables = {
        name: _info(columns, name, keys, indexes.get(name, {}), text)
        for name, text in texts.items()
    }
    canonical = {
        row.name: _table(row, columns[row.name], texts.get(row.name), keys)
        for row in rows
        if row.kind == "table"
    }
    for row in rows:
        _add(row, canonical)
    objects = tuple(
        Object(row.kind, row.name, row.table if row.table != row.name else None, row.sql)
        for row in rows
    )  # fmt: skip
    return Schema("sqlite", objects, tables, (), counted(canonical))


def _rows(connection: Connection) -> list[_Row]:
    """The rows of sqlite_master; a trigger's table is as its statement writes it, in any letters."""
    rows = [_Row(*row) for row in connection.exec_driver_sql(_OBJECTS)]
    names = {row.name.lower(): row.name for row in rows if row.kind in ("table", "view")}
    return [row._replace(table=names.get(row.table.lower(), row.table)) for row in rows]


def _columns(connection: Connection) -> dict[str, list[_Column]]:
    found: dict[str, list[_Column]] = defaultdict(list)
    for table, *values in connection.exec_driver_sql(_COLUMNS):
        found[table].append(_Column(*values))
    return found


def _indexes(connection: Connection) -> dict[str, dict[str, Index]]:
    found: dict[str, dict[str, Index]] = defaultdict(dict)
    for table, name, unique, origin, partial, column in connection.exec_driver_sql(_INDEXES):
        if origin != "pk":
            known = found[table].get(name)
            columns = (*(known.columns if known else ()), column)
            found[table][name] = Index(columns, bool(unique), bool(partial))
    return found


def _key(columns: Iterable[_Column]) -> tuple[str, ...]:
    return tuple(one.name for one in sorted(columns, key=lambda one: one.pk) if one.pk)


def _info(
    all_columns: Mapping[str, Sequence[_Column]],
    table: str,
    keys: _Keys,
    indexes: Mapping[str, Index],
    text: TableText,
) -> TableInfo:
    columns = all_columns[table]
    own = {_name(one.name): one.name for one in columns}
    foreign = []
    for name, key in text.references:
        target = keys.get(key.target, (key.target, ()))[0]
        theirs = {_name(one.name): one.name for one in all_columns.get(target, ())}
        foreign.append(
            ForeignKey(
                name,
                tuple(own.get(one, one) for one in key.columns),
                target,
                tuple(theirs.get(one, one) for one in _targets(key, keys)),
                _on_delete(key),
            )
        )
    return TableInfo(
        {
            one.name: Column(one.type, not _not_null(one, columns, text), one.default, one.hidden > 1)
            for one in columns
        },
        _key(columns),
        tuple(foreign),
        indexes,
    )  # fmt: skip


def _name(name: str) -> str:
    """A name as it is spelled in texts."""
    return spelled(quoted(name))


def _targets(key: Reference, keys: _Keys) -> tuple[str, ...]:
    """The columns that a foreign key leads to, the target's primary key where it does not say; spelled."""
    implied = keys.get(key.target, ("", ()))[1]
    return key.target_columns or tuple(_name(one) for one in implied)


def _on_delete(key: Reference) -> str:
    actions = ("cascade", "restrict", "set null", "set default")
    return next((one for one in actions if f"on delete {one}" in key.rest), "no action")


def _not_null(one: _Column, columns: Sequence[_Column], text: TableText) -> bool:
    """NOT NULL, said or not: a rowid is never NULL, nor is a key in a table without rowids."""
    alone = one.pk and sum(1 for other in columns if other.pk) == 1
    rowid = alone and one.type.upper() == "INTEGER"
    return bool(one.notnull or rowid or (one.pk and "without rowid" in text.options))


def _table(
    row: _Row, columns: Sequence[_Column], text: TableText | None, keys: _Keys
) -> dict[str, Any]:
    if text is None:
        return {"kind": "virtual table", "sql": _module(row.sql)}
    found: dict[str, Any] = {
        "kind": "table",
        "columns": {one.name: _column(one, columns, text) for one in columns},
        "constraints": dict(_constraints(text, keys)),
        "indexes": {},
        "triggers": {},
    }
    if text.options:
        found["options"] = list(text.options)
    return found


def _column(one: _Column, columns: Sequence[_Column], text: TableText) -> dict[str, Any]:
    own = _name(one.name)
    said = {
        "type": _type(one),
        "nullable": not _not_null(one, columns, text),
        "default": None if one.default is None else _default(one.default),
        "collation": text.collations.get(own),
        "generated": text.computed.get(own)
        and f"{_COMPUTED.get(one.hidden)}: {text.computed[own]}",
        "conflict": text.conflicts.get(own),
    }
    return {name: value for name, value in said.items() if value is not None}


def _default(sql: str) -> str:
    """An expression. A name in double quotes is a text there: a default knows no columns."""
    if sql[0] == '"' and len(list(tokenize(sql))) == 1:
        return literal(sql[1:-1].replace('""', '"'))
    return bare(sql)


def _module(sql: str) -> str:
    """What makes a virtual table, without its name; its module reads its arguments, letter by letter."""
    using = next((one for one in tokenize(sql) if one.is_word("USING")), None)
    return squeezed(sql[using.start :]) if using is not None else spelled(sql)


def _type(one: _Column) -> str:
    """SQLite takes GENERATED for a word of the type where a comment stands before ALWAYS."""
    said = spelled(one.type)
    return said.removesuffix("generated").rstrip() if one.hidden > 1 else said


def _constraints(text: TableText, keys: _Keys) -> Iterable[tuple[str, str]]:
    for name, said in text.constraints:
        yield name or said, said
    for name, key in text.references:
        targets = ", ".join(_targets(key, keys))
        said = f"foreign key ({', '.join(key.columns)}) references {key.target} ({targets})"
        said = f"{said} {key.rest}".rstrip()
        yield name or said, said


def _add(row: _Row, canonical: dict[str, dict[str, Any]]) -> None:
    """Put an index, a trigger or a view where it belongs."""
    if row.kind == "index":
        canonical[row.table]["indexes"][row.name] = _after_name(row.sql)
    elif row.kind == "trigger":
        owner = canonical.setdefault(row.table, {"kind": "unknown"})
        owner.setdefault("triggers", {})[row.name] = spelled(row.sql)
    elif row.kind == "view":
        canonical.setdefault(row.name, {}).update(kind="view", sql=spelled(row.sql))


def _after_name(sql: str) -> str:
    """What an index is on, and whether it is unique: its text without its name."""
    tokens = list(tokenize(sql))
    on = next((at for at, one in enumerate(tokens) if one.is_word("ON")), 0)
    unique = "unique " if any(one.is_word("UNIQUE") for one in tokens[:on]) else ""
    return unique + spelled(tokens[on:])
