"""A schema that grew is the same as one that was made at once; any schema can be made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from talatat.db import types as t
from talatat.db.base import NAMING_CONVENTION
from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.live import Schema, read_schema

NAMES = ["title", "order", "Slug", "two words", "per%cent", 'quo"te', "größe"]
TYPES = {
    sa.Integer: ["0", "-1", "1 + 1"],
    sa.BigInteger: ["5"],
    sa.String: ["'x'", "'it''s; 100 %'"],
    sa.Text: ["''"],
    t.UTCDateTime: ["CURRENT_TIMESTAMP"],
    t.UUIDv7: [],
    t.JSONDocument: ["'{}'"],
    t.Decimal4: ["0"],
}


@dataclass
class Made:
    """A column: how it is declared, and how much of it is there from the start."""

    name: str
    type: type
    nullable: bool
    default: str | None
    early: bool

    def column(self) -> sa.Column:
        kind = sa.String(40) if self.type is sa.String else self.type()
        default = None if self.default is None else sa.text(self.default)
        return sa.Column(self.name, kind, nullable=self.nullable, server_default=default)


@dataclass
class Table:
    name: str
    columns: list[Made]
    checks: list[str]
    uniques: list[str]
    keys: list[tuple[str, str | None]]
    indexes: list[tuple[str, str]]
    order: list[int] = field(default_factory=list)


@st.composite
def columns(draw: st.DrawFn, name: str) -> Made:
    kind = draw(st.sampled_from(list(TYPES)))
    default = draw(st.sampled_from([None, *TYPES[kind]]))
    return Made(name, kind, draw(st.booleans()), default, draw(st.booleans()))


@st.composite
def tables(draw: st.DrawFn, number: int) -> Table:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    some = st.lists(st.sampled_from(names), unique=True, max_size=2) if names else st.just([])
    kinds = st.sampled_from(["", "unique", "lower", "partial", "desc"])
    targets = [f"t_{one}" for one in range(number + 1)]
    actions = st.sampled_from([None, "CASCADE", "SET NULL", "RESTRICT"])
    return Table(
        f"t_{number}",
        [draw(columns(name)) for name in names],
        draw(some),
        draw(some),
        draw(st.lists(st.tuples(st.sampled_from(targets), actions), unique_by=lambda one: one[0], max_size=2)),
        [(name, draw(kinds)) for name in draw(some)],
        draw(st.permutations(range(len(names)))),
    )  # fmt: skip


@st.composite
def schemas(draw: st.DrawFn) -> list[Table]:
    return [draw(tables(number)) for number in range(draw(st.integers(1, 3)))]


def key_column(target: str) -> sa.Column:
    return sa.Column(f"{target}_id", t.UUIDv7())


def foreign_key(target: str, action: str | None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([f"{target}_id"], [f"{target}.id"], ondelete=action)


def check(name: str) -> tuple[str, str]:
    quoted = '"' + name.replace('"', '""') + '"'
    return f"{NAMES.index(name)}_known", f"{quoted} IS NOT NULL OR 'a' IN ('a', 'b')"


def index(op: Operations, table: Table, name: str, kind: str) -> None:
    column = sa.column(name)
    what = {"lower": sa.func.coalesce(column, None), "desc": column.desc()}.get(kind, column)
    where = column.is_not(None) if kind == "partial" else None
    op.create_index(
        f"{table.name}_{NAMES.index(name)}_ix", table.name, [what], unique=kind == "unique",
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip


def at_once(op: Operations, table: Table) -> None:
    """As the revisions of a fresh install may do it."""
    op.create_table(
        table.name,
        sa.Column("id", t.UUIDv7(), primary_key=True),
        *(one.column() for one in table.columns),
        *(key_column(target) for target, _ in table.keys),
        *(foreign_key(target, action) for target, action in table.keys),
        *(sa.CheckConstraint(check(one)[1], name=check(one)[0]) for one in table.checks),
        *(sa.UniqueConstraint(one) for one in table.uniques),
    )
    for name, kind in table.indexes:
        index(op, table, name, kind)


def grown(op: Operations, table: Table) -> None:
    """As it may have come about: some columns early, all in another order, and one that went again."""
    ordered = [table.columns[place] for place in table.order]
    op.create_table(
        table.name,
        *(one.column() for one in ordered if one.early),
        sa.Column("gone", sa.Integer),
        sa.Column("id", t.UUIDv7(), primary_key=True),
    )
    for one in ordered:
        if not one.early and one.nullable and one.default is None:
            op.add_column(table.name, one.column())
    with op.batch_alter_table(table.name) as batch:
        batch.drop_column("gone")
        for one in ordered:
            if not one.early and not (one.nullable and one.default is None):
                batch.add_column(one.column())
    with op.batch_alter_table(table.name) as batch:
        for target, action in table.keys:
            batch.add_column(key_column(target))
            batch.create_foreign_key(
                f"{table.name}_{target}_id_fk", target, [f"{target}_id"], ["id"], ondelete=action
            )
        for name in table.checks:
            batch.create_check_constraint(*check(name))
        for name in table.uniques:
            batch.create_unique_constraint(f"{table.name}_{name}_uq", [name])
    for name, kind in table.indexes:
        index(op, table, name, kind)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine: Engine = make_migration_engine(parse_url(database_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def operations(connection: Connection) -> Operations:
    opts = {"target_metadata": sa.MetaData(naming_convention=NAMING_CONVENTION)}
    return Operations(MigrationContext.configure(connection, opts=opts))


def read_and_undo(connection: Connection, *steps: object) -> Schema:
    with connection.begin() as transaction:
        op = operations(connection)
        for step in steps:
            if isinstance(step, str):
                connection.exec_driver_sql(step, execution_options={"no_parameters": True})
            else:
                step(op)  # type: ignore[operator]
        schema = read_schema(connection)
        transaction.rollback()
    return schema


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(schemas())
def test_a_schema_that_grew_is_the_same_and_can_be_made_again(
    connection: Connection, wanted: list[Table]
) -> None:
    fresh = read_and_undo(connection, *(lambda op, one=one: at_once(op, one) for one in wanted))
    old = read_and_undo(connection, *(lambda op, one=one: grown(op, one) for one in wanted))
    assert old.canonical() == fresh.canonical()
    for schema in (fresh, old):
        again = read_and_undo(connection, *schema.statements())
        assert again.canonical() == schema.canonical()
        assert again.fingerprint == fresh.fingerprint
        assert again.tables == schema.tables
