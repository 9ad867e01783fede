"""The locks that PostgreSQL takes for an operation, on the tables that stood before the plan."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.world import World

_WEAK = (op.Write, op.Create, op.CreateTable, op.SetTimeout, op.Transaction, op.AddEnumValue,
         op.Opaque, op.ForeignKeys, op.Vanished)  # fmt: skip


def blocking(one: op.Operation, world: World) -> dict[str, str]:
    """The existing tables whose writers wait while `one` is not committed, each with the lock's name."""
    found: dict[str, str] = {}
    for table, lock in _locks(one, world):
        if world.existing(table) and op.blocks(lock):
            found[table] = max(lock, found.get(table, lock), key=op.LOCKS.index)
    return found


def _locks(one: op.Operation, world: World) -> Iterator[tuple[str, str]]:
    for made in constraints(one):
        if made.kind == "foreign key" and made.target:
            yield made.target, op.SHARE_ROW
    yield from ((table, op.ACCESS) for table in _reached(one, world))
    if isinstance(one, op.DropIndex | op.Reindex):
        table = one.table or world.index_table(one.name) or f"the table of index {one.name}"
        strong = op.ACCESS if isinstance(one, op.DropIndex) else op.SHARE
        yield table, op.SHARE_UPDATE if one.concurrently else strong
    elif isinstance(one, op.Rename):
        if one.table and one.kind in {"table", "column", "constraint"}:
            yield one.table, op.ACCESS
    elif one.table and not isinstance(one, _WEAK):
        yield from _on_table(one, one.table)


def _reached(one: op.Operation, world: World) -> Iterator[str]:
    """The tables besides its own that an operation locks: the other ends of foreign keys that go."""
    refers = world.table(one.table).refers
    if isinstance(one, op.Drop) and one.kind == "table":
        yield from refers.values()
    if isinstance(one, op.Drop) and one.kind == "materialized view":
        yield one.name
    if isinstance(one, op.DropConstraint) and one.name in refers:
        yield refers[one.name]
    if getattr(one, "cascade", False) and not isinstance(one, op.DropColumn):
        yield from (
            other for other, table in world.tables.items() if one.table in table.refers.values()
        )


def _on_table(one: op.Operation, table: str) -> Iterator[tuple[str, str]]:
    if isinstance(one, op.CreateIndex):
        yield table, op.SHARE_UPDATE if one.concurrently else op.SHARE
    elif isinstance(one, op.AddConstraint) and one.constraint.kind == "foreign key":
        yield table, op.SHARE_ROW
    elif isinstance(one, op.ValidateConstraint):
        yield table, op.SHARE_UPDATE
    elif isinstance(one, op.Attach):
        yield table, op.SHARE_ROW if one.kind == "trigger" else op.ACCESS
    elif isinstance(one, op.Alter):
        if one.lock:
            yield table, one.lock
    elif isinstance(one, op.Lock):
        yield table, one.lock
    elif not isinstance(one, op.Drop) or one.kind in {"table", "trigger", "rule", "policy"}:
        yield table, op.ACCESS


def constraints(one: op.Operation) -> tuple[op.Constraint, ...]:
    """The constraints that an operation makes."""
    if isinstance(one, op.CreateTable | op.AddColumn):
        return one.constraints
    return (one.constraint,) if isinstance(one, op.AddConstraint) else ()
