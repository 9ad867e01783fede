"""What one transaction holds together that had better be apart."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.registry import Hit, Scene, rule

_PG = ("postgresql",)


@rule(
    "lock-timeout-missing",
    title="A lock is waited for without end",
    why="A statement that waits for a strong lock makes everybody who comes after it wait too. Behind one long "
    "query the whole table stands still.",
    recipe="SET lock_timeout to one or two seconds before, and try again when it is not had.",
    scale="work", dialects=_PG, of="statement",
)  # fmt: skip
def lock_timeout_missing(scene: Scene) -> Iterator[Hit]:
    if scene.fresh and not scene.world.timeout and not scene.world.locked:
        table, lock = next(iter(scene.fresh.items()))
        yield Hit(f"the lock on {table} is waited for without end", table, lock)


@rule(
    "several-locked-tables",
    title="Several tables are locked one after the other",
    why="A transaction that holds one table's lock while it waits for the next one's blocks both, and meets a "
    "transaction that takes them in the other order in a deadlock.",
    recipe="One table a transaction: a revision for each, or a COMMIT between them.",
    scale="work", dialects=_PG, of="statement",
)  # fmt: skip
def several_locked_tables(scene: Scene) -> Iterator[Hit]:
    if scene.fresh and scene.world.locked:
        held = ", ".join(scene.world.locked)
        table, lock = next(iter(scene.fresh.items()))
        yield Hit(f"{table} is locked while the transaction still locks {held}", table, lock)


@rule(
    "ddl-with-backfill",
    title="Rows are filled in the transaction that changes the table",
    why="The lock of the change is held for as long as the rows take.",
    recipe="Change the table in an expand revision, fill the rows in batches in a data revision.",
    scale="work", dialects=_PG, of="statement",
)  # fmt: skip
def ddl_with_backfill(scene: Scene) -> Iterator[Hit]:
    held = {**scene.world.locked, **scene.locks}
    for one in scene.parsed.operations:
        if isinstance(one, op.Write) and not one.bounded:
            if held:
                table, lock = next(iter(held.items()))
                yield Hit(
                    f"{table} stays locked while the rows of {one.table} are written", table, lock
                )
                return
            if scene.world.existing(one.table):
                scene.world.backfilled = one.table
        if isinstance(one, op.CreateTable) and one.reads and held:
            table, lock = next(iter(held.items()))
            yield Hit(f"{table} stays locked while {one.table} is filled", table, lock)
            return
    if scene.fresh and scene.world.backfilled and not scene.world.locked:
        table, lock = next(iter(scene.fresh.items()))
        yield Hit(
            f"{table} is locked by the transaction that wrote all rows of {scene.world.backfilled}",
            table, lock,
        )  # fmt: skip


@rule(
    "concurrently-in-transaction",
    title="A command that cannot run in a transaction stands in one",
    why="CONCURRENTLY (and VACUUM) commit on their way: PostgreSQL refuses them inside of a transaction.",
    recipe="A revision of its own with this one statement, run outside of a transaction.",
    scale="warning", dialects=_PG, on=(op.CreateIndex, op.DropIndex, op.Reindex, op.Vacuum),
)  # fmt: skip
def concurrently_in_transaction(
    scene: Scene, one: op.CreateIndex | op.DropIndex | op.Reindex | op.Vacuum
) -> Iterator[Hit]:
    apart = isinstance(one, op.Vacuum) or one.concurrently
    if apart and not scene.alone:
        yield Hit(
            "it runs only outside of a transaction, and other statements share this one's",
            one.table,
        )


@rule(
    "enum-value-in-transaction",
    title="A new value of an enum is used in the transaction that adds it",
    why="PostgreSQL refuses to use it before the transaction is committed.",
    recipe="Add the value in an expand revision, use it in a later one.",
    scale="warning", dialects=_PG, of="statement",
)  # fmt: skip
def enum_value_in_transaction(scene: Scene) -> Iterator[Hit]:
    for value, type_ in scene.world.enum_values.items():
        if value in scene.parsed.literals:
            yield Hit(
                f"{value!r} of {type_} is used before the transaction that adds it is committed"
            )
    for one in scene.parsed.operations:
        if isinstance(one, op.AddEnumValue):
            scene.world.enum_values[one.value] = one.type


@rule(
    "unbatched-update",
    title="All rows are written in one statement",
    why="Their locks are held, and their old versions kept, until the statement is committed; those who change "
    "one of these rows wait for all.",
    recipe="Write in batches of a thousand or so by the key, each in its own transaction, until none is left.",
    scale="work", on=(op.Write,),
)  # fmt: skip
def unbatched_update(scene: Scene, one: op.Write) -> Iterator[Hit]:
    if one.bounded or not scene.world.existing(one.table):
        return
    what = {"insert": "inserts", "update": "updates", "delete": "deletes"}.get(one.kind, "merges")
    where = " (the condition holds for more rows as the table grows)" if one.where else ""
    yield Hit(f"one statement {what} rows of {one.table} without an end{where}", one.table)


@rule(
    "opaque-code",
    title="Code that cannot be looked into",
    why="What an anonymous block or a procedure does is known only when it runs.",
    recipe="Say it in plain statements, in batches where it writes rows.",
    scale="notice", on=(op.Opaque,),
)  # fmt: skip
def opaque_code(scene: Scene, one: op.Opaque) -> Iterator[Hit]:
    yield Hit(f"{one.what}: what it does cannot be seen", one.table)
