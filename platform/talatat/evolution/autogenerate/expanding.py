"""What adds, and may run while the previous release serves: tables, columns, indexes, keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table

from talatat.evolution.autogenerate.changed import TableChange, is_constant, widens
from talatat.evolution.autogenerate.former import Former
from talatat.evolution.autogenerate.layout import Call, Statement, call, quoted
from talatat.evolution.autogenerate.pieces import Piece, altering, execute, referred
from talatat.evolution.autogenerate.rendering import Renderer

# What an old row gets on the way down where it has no value, so that the column can be NOT NULL again.
_NEUTRAL = {"text": "''", "char": "''", "int": "0", "numeric": "0", "real": "0", "double": "0",
            "float": "0", "bool": "FALSE"}  # fmt: skip


def new_tables(tables: list[Table], render: Renderer) -> Iterator[Piece]:
    """The tables that no revision has made yet, all in one piece."""
    if not tables:
        return
    names = ", ".join(one.name for one in tables)
    piece = Piece("", names if len(tables) > 1 else "")
    for table in tables:
        piece.up += render.create_table(table)
        piece.down.insert(0, call("op.drop_table", quoted(table.name)))
        piece.refers |= referred(table.foreign_key_constraints, table)
    yield piece


def columns(change: TableChange, render: Renderer, former: Former) -> Iterator[Piece]:
    """New columns, and what asks less of those that are there."""
    table = change.name
    piece = Piece("", "")
    for one in change.added:
        constant = one.server_default is None or is_constant(one)
        free = one.nullable or one.server_default is None or not constant
        column = render.column(one, nullable=free, default=constant)
        piece.up.append(call("op.add_column", quoted(table), column))
        piece.down.insert(0, call("op.drop_column", quoted(table), quoted(one.name)))
    up, down = _relaxed(change, render, former)
    piece.up += altering(table, up)
    piece.down = [*_refilled(change, render, former), *altering(table, down), *piece.down]
    if piece.up:
        piece.about = f"columns of {table}"
        yield piece


def _relaxed(
    change: TableChange, render: Renderer, former: Former
) -> tuple[list[Statement], list[Statement]]:
    """Longer texts, new defaults, and NULL where it was forbidden: the ways there and back."""
    up: list[Statement] = []
    down: list[Statement] = []
    for one in change.added:
        if one.server_default is not None and not is_constant(one) and render.default(one):
            up.append(alter(one.name, server_default=render.default(one)))
            down.append(alter(one.name, server_default="None"))
    for name, (new, old) in change.changed.items():
        model = change.model.columns[name]
        if new["type"] != old["type"] and widens(new["type"], old["type"]):
            up.append(alter(name, type_=render.type(model.type)))
            down.append(alter(name, type_=former.type(change.name, name)))
        if new.get("default") != old.get("default") and new.get("default") is not None:
            up.append(alter(name, server_default=render.default(model)))
            before = former.default(change.name, name) or "None"
            down.append(alter(name, server_default=before))
        if new["nullable"] and not old["nullable"]:
            up.append(alter(name, nullable="True"))
            down.append(alter(name, nullable="False"))
    for name in change.dropped:
        # Processes of the new release insert rows without it, before it is dropped.
        if must_be_relaxed(change, former, name):
            up.append(alter(name, nullable="True"))
            down.append(alter(name, nullable="False"))
    return up, down


def must_be_relaxed(change: TableChange, former: Former, name: str) -> bool:
    """Whether a column that goes keeps those who do not know it from inserting rows."""
    said = former.canonical[change.name]["columns"][name]
    return not said["nullable"] and said.get("default") is None


def _refilled(change: TableChange, render: Renderer, former: Former) -> Iterator[Statement]:
    """On the way down: a value for rows that were inserted without the column."""
    freed = [
        n for n, (new, old) in change.changed.items() if new["nullable"] and not old["nullable"]
    ]
    gone = [name for name in change.dropped if must_be_relaxed(change, former, name)]
    for name in (*freed, *gone):
        kind = str(former.canonical[change.name]["columns"][name]["type"]).lower()
        neutral = next((value for word, value in _NEUTRAL.items() if word in kind), None)
        if neutral is not None:
            column = render.ident(name)
            what = f"{column} = {neutral} WHERE {column} IS NULL"
            yield execute(f"UPDATE {render.ident(change.name)} SET {what}")  # noqa: S608  # quoted names


def alter(name: str, **options: Any) -> Call:
    """`table.alter_column(...)` in an `altering` block."""
    return call("table.alter_column", quoted(name), **options)


def needs_fill(change: TableChange) -> list[Column[Any]]:
    """New columns that are to be NOT NULL and that the database does not fill itself."""
    return [one for one in change.added if not one.nullable and not is_constant(one)
            and one.computed is None and one.identity is None]  # fmt: skip
