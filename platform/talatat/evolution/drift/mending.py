"""The SQL that puts a thing back as its revisions made it, where it can be said in SQL.

It is shown, never run: whoever changed the database by hand may have had a reason, and rows may be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from talatat.evolution.drift.comparing import Difference
from talatat.evolution.live import Schema

_POSTGRESQL = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
_SQLITE = sqlite.dialect().identifier_preparer


def put_back(one: Difference, should: Schema) -> list[str]:
    """Return statements that make of `one.other` what `one.one` says; none where SQL cannot.

    `should` is the schema of `one.one`. SQLite changes columns and constraints only by making their table
    anew.
    """
    makers = {"table": _table, "column": _column, "constraint": _constraint, "index": _index,
              "trigger": _trigger}  # fmt: skip
    return [" ".join(sql.split()) for sql in makers[one.kind](one, should)]


def _quoted(name: str, schema: Schema) -> str:
    preparer = _POSTGRESQL if schema.dialect == "postgresql" else _SQLITE
    return str(preparer.quote(name))


def _table(one: Difference, should: Schema) -> Iterator[str]:
    if one.name != one.table:  # something said of the whole table
        return
    if one.one is None:
        kind = {"view": "VIEW"}.get(one.other.get("kind", ""), "TABLE")
        yield f"DROP {kind} {_quoted(one.table, should)}"
    elif one.other is None:
        for made in should.objects:
            if one.table in (made.table, made.name):
                yield made.sql


def _made(kind: str, name: str, table: str, should: Schema) -> Iterator[str]:
    for made in should.objects:
        if made.kind == kind and made.name == name and made.table in (table, None):
            yield made.sql


def _column(one: Difference, should: Schema) -> Iterator[str]:
    table, column = _quoted(one.table, should), _quoted(one.name, should)
    if one.one is None:
        yield f"ALTER TABLE {table} DROP COLUMN {column}"
    elif one.other is None:
        default = f" DEFAULT {one.one['default']}" if "default" in one.one else ""
        late = not one.one["nullable"] and not default  # rows that are there need a value first
        if late and should.dialect != "postgresql":
            return
        bound = "" if one.one["nullable"] or late else " NOT NULL"
        yield f"ALTER TABLE {table} ADD COLUMN {column} {one.one['type']}{default}{bound}"
        if late:
            yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
    elif should.dialect == "postgresql":
        yield from _altered(f"ALTER TABLE {table} ALTER COLUMN {column}", one)


def _altered(alter: str, one: Difference) -> Iterator[str]:
    now, was = one.one, one.other
    if now["type"] != was["type"]:
        yield f"{alter} TYPE {now['type']}"
    if now.get("default") != was.get("default"):
        default = now.get("default")
        yield f"{alter} DROP DEFAULT" if default is None else f"{alter} SET DEFAULT {default}"
    if now["nullable"] != was["nullable"]:
        yield f"{alter} {'DROP' if now['nullable'] else 'SET'} NOT NULL"


def _constraint(one: Difference, should: Schema) -> Iterator[str]:
    if should.dialect != "postgresql":
        return
    if one.other is not None:
        name = _quoted(one.name, should)
        if one.one is not None and f"{one.one} not valid" == str(one.other).lower():
            yield f"ALTER TABLE {_quoted(one.table, should)} VALIDATE CONSTRAINT {name}"
            return
        yield f"ALTER TABLE {_quoted(one.table, should)} DROP CONSTRAINT {name}"
    if one.one is not None:
        yield from _made("constraint", one.name, one.table, should)


def _index(one: Difference, should: Schema) -> Iterator[str]:
    if one.other is not None:
        yield f"DROP INDEX {_quoted(one.name, should)}"
    if one.one is not None:
        yield from _made("index", one.name, one.table, should)


def _trigger(one: Difference, should: Schema) -> Iterator[str]:
    if one.other is not None:
        on = f" ON {_quoted(one.table, should)}" if should.dialect == "postgresql" else ""
        yield f"DROP TRIGGER {_quoted(one.name, should)}{on}"
    if one.one is not None:
        yield from _made("trigger", one.name, one.table, should)


def words(said: Any) -> str:
    """What a side says of a thing, for people."""
    if said is None:
        return "-"
    if isinstance(said, dict) and "type" in said:
        null = "" if said.get("nullable") else " NOT NULL"
        default = f" DEFAULT {said['default']}" if "default" in said else ""
        return f"{said['type']}{default}{null}"
    if isinstance(said, dict):
        return "there" if "columns" in said else str(said.get("sql", said))
    return str(said)
