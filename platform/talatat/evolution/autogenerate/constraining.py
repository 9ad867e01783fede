"""Indexes and constraints on tables that are there: built beside the traffic, checked afterwards.

On PostgreSQL an index is built CONCURRENTLY, a unique constraint takes over an index that was built so, and
foreign keys and checks bind new rows first (NOT VALID) and are validated in a transaction of their own.
SQLite, which has one writer anyway, does it at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.schema import Constraint

from talatat.evolution.autogenerate.changed import TableChange
from talatat.evolution.autogenerate.layout import Block, Call, call, quoted, several
from talatat.evolution.autogenerate.pieces import (
    POSTGRESQL,
    Piece,
    altering,
    execute,
    final,
    on_postgresql,
    referred,
)
from talatat.evolution.autogenerate.rendering import Renderer

# (table, constraint) of what is to be validated.
Waiting = list[tuple[str, str]]


def index(one: Index, render: Renderer, phase: str) -> Piece:
    """An index on a table that is there: outside of a transaction, alone."""
    assert one.table is not None
    piece = Piece("index", f"the index {one.name}", phase, transactional=False)
    piece.up.append(render.index(one, concurrently=True))
    name, table = render.name(one), quoted(one.table.name)
    piece.down.append(call("op.drop_index", name, table_name=table, postgresql_concurrently="True"))
    return piece


def unique(change: TableChange, one: UniqueConstraint, render: Renderer, phase: str) -> list[Piece]:
    """A unique constraint: its index first, then, at once, the constraint that takes it over."""
    name, names = str(one.name), several(quoted(column.name) for column in one.columns)
    options = render.options(one)
    made = call("op.create_index", final(name), quoted(change.name), names, unique="True",
                postgresql_concurrently="True")  # fmt: skip
    built = Piece("unique", f"the index of {name}", phase, transactional=False)
    built.up.append(on_postgresql(Call(made.name, (*made.arguments, *options))))
    built.down.append(
        on_postgresql(
            call(
                "op.drop_index",
                final(name),
                table_name=quoted(change.name),
                if_exists="True",
                postgresql_concurrently="True",
            )
        )
    )
    kept = Piece("unique", f"the constraint {name}", phase)
    ident = render.ident(name)
    attach = (
        f"ALTER TABLE {render.ident(change.name)} ADD CONSTRAINT {ident} UNIQUE USING INDEX {ident}"
    )
    create = call("table.create_unique_constraint", final(name), names)
    kept.up += [
        Block(POSTGRESQL, (execute(attach),)),
        Block("else:", tuple(altering(change.name, [create]))),
    ]
    kept.down += altering(change.name, [drop(name, "unique")])
    return [built, kept]


def foreign_key(
    change: TableChange, one: ForeignKeyConstraint, render: Renderer, phase: str
) -> Piece:
    """A foreign key, not validated yet; alone, for it locks two tables."""
    name = str(one.name)
    piece = Piece("key", f"the foreign key {name}", phase)
    made = call(
        "table.create_foreign_key",
        final(name),
        quoted(one.referred_table.name),
        several(map(quoted, one.column_keys)),
        several(quoted(key.column.name) for key in one.elements),
        **render.actions(one),
        postgresql_not_valid="True",
    )
    piece.up += altering(change.name, [made])
    piece.down += altering(change.name, [drop(name, "foreignkey")])
    piece.refers |= referred([one], change.model)
    return piece


def check(one: CheckConstraint, render: Renderer) -> Call:
    """A check, not validated yet."""
    return call(
        "table.create_check_constraint",
        final(str(one.name)),
        quoted(render.sql(one.sqltext)),
        postgresql_not_valid="True",
    )


def drop(name: str, kind: str) -> Call:
    """`table.drop_constraint(...)` in an `altering` block."""
    return call("table.drop_constraint", final(name), type_=quoted(kind))


def validated(names: Waiting, render: Renderer, phase: str) -> Iterator[Piece]:
    """Check constraints that bind new rows already against the old ones, under a lock that blocks nobody."""
    if names:
        piece = Piece("valid", f"{', '.join(name for _, name in names)} validated", phase)
        statements = [
            execute(f"ALTER TABLE {render.ident(table)} VALIDATE CONSTRAINT {render.ident(name)}")
            for table, name in names
        ]
        piece.up.append(on_postgresql(*statements))
        yield piece


def constraints(
    change: TableChange, made: list[Constraint], render: Renderer, phase: str
) -> tuple[list[Piece], Waiting]:
    """Pieces that add constraints, and those that are to be validated afterwards."""
    pieces: list[Piece] = []
    waiting: Waiting = []
    checks = [one for one in made if isinstance(one, CheckConstraint)]
    for one in made:
        if isinstance(one, UniqueConstraint):
            pieces += unique(change, one, render, phase)
        elif isinstance(one, ForeignKeyConstraint):
            pieces.append(foreign_key(change, one, render, phase))
            waiting.append((change.name, str(one.name)))
    if checks:
        piece = Piece("check", f"checks of {change.name}", phase)
        piece.up += altering(change.name, [check(one, render) for one in checks])
        piece.down += altering(change.name, [drop(str(one.name), "check") for one in checks])
        pieces.append(piece)
        waiting += [(change.name, str(one.name)) for one in checks]
    return pieces, waiting
