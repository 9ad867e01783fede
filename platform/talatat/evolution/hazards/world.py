"""What is known while a plan is read: the tables as they stood, and what its statements did since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from talatat.composition import PLATFORM
from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.model import Column, Context, Table

_UNKNOWN = Table()
HOT_ROWS = 100_000
HOT_BYTES = 100 * 1024 * 1024


@dataclass
class World:
    """The state of a plan, moved on by `after` each statement. `context` is that of the step at hand."""

    context: Context = field(default_factory=Context)
    tables: dict[str, Table] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    temporary: set[str] = field(default_factory=set)
    added: dict[tuple[str, str], op.NewColumn] = field(default_factory=dict)
    checks: dict[tuple[str, str], op.Constraint] = field(default_factory=dict)
    not_null: set[tuple[str, str]] = field(default_factory=set)
    indexes: dict[str, dict[str, tuple[str | None, ...]]] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    # The shadow database of a plan for SQLite.
    shadow: Any = None
    session_timeout: bool = False
    # Of the transaction at hand:
    timeout: bool = False
    in_block: bool = False
    ended: bool = False
    locked: dict[str, str] = field(default_factory=dict)
    backfilled: str | None = None
    enum_values: dict[str, str] = field(default_factory=dict)

    def enter(self, context: Context) -> None:
        """Begin a step."""
        self.context = context
        self.created |= context.created
        for name, table in context.tables.items():
            self.tables.setdefault(name, table)
            if table.owner:
                self.owners.setdefault(name, table.owner)
        self.new_transaction()

    def new_transaction(self) -> None:
        """Locks and local settings end with the transaction."""
        self.timeout = self.session_timeout or self.context.lock_timeout
        self.locked, self.backfilled, self.enum_values = {}, None, {}

    def table(self, name: str | None) -> Table:
        """The table as it stood before the plan; one of which nothing is known where it is new."""
        return self.tables.get(name or "", _UNKNOWN)

    def keys(self, name: str) -> tuple[frozenset[str], ...] | None:
        """What picks one row of a table."""
        return self.table(name).keys

    def existing(self, table: str | None) -> bool:
        """Whether a table has stood since before the plan: others carry no hazard of locks or rows."""
        return table is not None and table not in self.created

    def column(self, table: str, name: str) -> Column:
        """The column as it stood before the plan."""
        return (self.table(table).columns or {}).get(name, Column())

    def is_new(self, table: str | None, column: str) -> bool:
        """Whether the plan made the column, so that no older release writes it."""
        return table in self.created or (table or "", column) in self.added

    def owner(self, name: str | None) -> str | None:
        """The addon that a table (or another object) belongs to; None where nobody says."""
        if not name or self.context.addon is None:
            return None
        if name in self.owners:
            return self.owners[name]
        bare = name.rpartition(".")[2]
        known = {self.context.addon, PLATFORM, *self.context.requires, *self.owners.values()}
        fitting = [one for one in known if bare == one or bare.startswith(f"{one}_")]
        return max(fitting, key=len, default=None)

    def foreign(self, name: str | None) -> bool:
        """Whether a table belongs to another addon, or to nobody known and stood before the plan."""
        if (
            not name
            or self.context.addon is None
            or (name in self.created and self.owner(name) is None)
        ):
            return False
        return self.owner(name) != self.context.addon

    def referring(self, name: str | None) -> list[str]:
        """The tables of other addons that refer to a table: what CASCADE reaches."""
        found = [other for other, table in self.tables.items() if name in table.refers.values()]
        return sorted(other for other in found if other != name and self.foreign(other))

    def hot(self, name: str) -> bool:
        """Whether a table is large or busy enough that two changes of it in one plan are felt."""
        table = self.table(name)
        return table.hot or (table.rows or 0) >= HOT_ROWS or (table.bytes or 0) >= HOT_BYTES

    def index_table(self, index: str) -> str | None:
        """The table on which an index stands."""
        for name, made in self.indexes.items():
            if index in made:
                return name
        return next((name for name, one in self.tables.items() if index in one.indexes), None)

    def leading(self, table: str) -> list[tuple[str | None, ...]]:
        """The columns of every index of a table."""
        return [*self.table(table).indexes.values(), *self.indexes.get(table, {}).values()]

    def after(self, one: op.Operation) -> None:
        """Take note of what an operation did."""
        recorder = _RECORDERS.get(type(one))
        if recorder is not None:
            recorder(self, one)

    def note_constraint(self, table: str, made: op.Constraint) -> None:
        """Take note of a constraint: its index, or what it says of a column."""
        name = made.name or f"{table} {made.kind} {','.join(made.columns)}"
        if made.kind in {"primary key", "unique"}:
            self.indexes.setdefault(table, {})[name] = made.columns
            for column in made.columns if made.kind == "primary key" else ():
                self.not_null.add((table, column))
        if made.kind == "check":
            self.checks[table, name] = made
            if made.valid and made.not_null:
                self.not_null.add((table, made.not_null))


def _create_table(world: World, one: op.CreateTable) -> None:
    table = one.table or ""
    world.created.add(table)
    if one.temporary:
        world.temporary.add(table)
    if world.context.addon and world.owner(table) is None:
        world.owners[table] = world.context.addon
    for made in one.constraints:
        world.note_constraint(table, made)
    for column in one.columns:
        world.added[table, column.name] = column
        if not column.nullable:
            world.not_null.add((table, column.name))


def _add_column(world: World, one: op.AddColumn) -> None:
    world.added[one.table or "", one.column.name] = one.column
    for made in one.constraints:
        world.note_constraint(one.table or "", made)
    if not one.column.nullable:
        world.not_null.add((one.table or "", one.column.name))


def _set_not_null(world: World, one: op.SetNotNull) -> None:
    world.not_null.add((one.table or "", one.column))


def _drop_default(world: World, one: op.DropDefault) -> None:
    made = world.added.get((one.table or "", one.column))
    if made is not None:
        world.added[one.table or "", one.column] = replace(made, default=None)


def _add_constraint(world: World, one: op.AddConstraint) -> None:
    world.note_constraint(one.table or "", one.constraint)


def _validate(world: World, one: op.ValidateConstraint) -> None:
    made = world.checks.get((one.table or "", one.name))
    if made is not None and made.not_null:
        world.not_null.add((one.table or "", made.not_null))


def _index(world: World, one: op.CreateIndex) -> None:
    name = one.name or f"{one.table} {','.join(map(str, one.columns))}"
    if not one.partial:
        world.indexes.setdefault(one.table or "", {})[name] = one.columns


def _drop_index(world: World, one: op.DropIndex) -> None:
    for made in world.indexes.values():
        made.pop(one.name, None)


def _rename(world: World, one: op.Rename) -> None:
    if one.kind == "table" and one.old in world.created:
        world.created.add(one.new)
        world.owners[one.new] = world.owners.get(one.old, world.context.addon or "")
        world.indexes[one.new] = world.indexes.pop(one.old, {})


def _create(world: World, one: op.Create) -> None:
    world.types.add(one.name)


def _lock_timeout(world: World, one: op.SetTimeout) -> None:
    world.timeout = one.on or world.context.lock_timeout
    if not one.local:
        world.session_timeout = one.on


def _transaction(world: World, one: op.Transaction) -> None:
    world.in_block = one.kind == "begin"
    world.ended = True
    world.new_transaction()


_RECORDERS: dict[type[op.Operation], Callable[[World, Any], None]] = {
    op.CreateTable: _create_table,
    op.AddColumn: _add_column,
    op.SetNotNull: _set_not_null,
    op.DropDefault: _drop_default,
    op.AddConstraint: _add_constraint,
    op.ValidateConstraint: _validate,
    op.CreateIndex: _index,
    op.DropIndex: _drop_index,
    op.Rename: _rename,
    op.Create: _create,
    op.SetTimeout: _lock_timeout,
    op.Transaction: _transaction,
}
