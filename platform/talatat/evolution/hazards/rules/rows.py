"""What the rows that are there do not survive, or do not allow."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards import sql
from talatat.evolution.hazards.registry import Hit, Scene, rule
from talatat.evolution.hazards.rules.serving import distinct_already
from talatat.evolution.hazards.types import narrows


@rule(
    "destructive",
    title="Rows or values are lost",
    why="What is dropped, truncated or deleted cannot be brought back by going to the previous release.",
    recipe="Archive the data first (`talatat archive`), or move it aside; then accept the step by name as forward only.",
    lock=op.ACCESS, scale="loss",
)  # fmt: skip
def destructive(scene: Scene, one: op.Operation) -> Iterator[Hit]:
    world = scene.world
    if isinstance(one, op.DropColumn) and not world.is_new(one.table, one.column):
        yield Hit(f"the values of {one.table}.{one.column} are lost", one.table)
    elif isinstance(one, op.Truncate) and world.existing(one.table):
        more = " and of all tables that refer to it" if one.cascade else ""
        yield Hit(f"all rows of {one.table}{more} are lost", one.table)
    elif isinstance(one, op.Drop) and one.name not in world.created | world.types:
        if one.kind in {"table", "schema"} or (one.kind in {"type", "domain"} and one.cascade):
            yield Hit(f"the {one.kind} {one.name} is lost with all that it holds", one.table)
    elif isinstance(one, op.Write) and _deletes_many(one) and world.existing(one.table):
        every = "" if one.where else "all "
        yield Hit(f"{every}rows of {one.table} are deleted", one.table, "RowExclusiveLock")


def _deletes_many(one: op.Write) -> bool:
    return one.kind == "delete" and not one.bounded


@rule(
    "unique-over-existing-rows",
    title="Rows that are there may not be unique",
    why="Where two rows are alike the statement fails; built CONCURRENTLY it leaves an invalid index behind.",
    recipe="Look for rows that are alike (the query) and settle them in batches in a data revision. The planner looks too "
    "and takes this finding back where there are none; on your own, waive it with what you found.",
    scale="loss", on=(op.CreateIndex, op.AddConstraint, op.AddColumn),
)  # fmt: skip
def unique_over_existing_rows(
    scene: Scene, one: op.CreateIndex | op.AddConstraint | op.AddColumn
) -> Iterator[Hit]:
    table = one.table or ""
    if not scene.world.existing(table):
        return
    if isinstance(one, op.AddColumn):
        unique = any(made.kind in {"unique", "primary key"} for made in one.constraints)
        if unique and one.column.default == "constant":
            yield Hit(f"every row of {table} gets the same {one.column.name}", table)
        return
    columns: tuple[str | None, ...] = ()
    if isinstance(one, op.CreateIndex):
        columns = one.columns if one.unique else ()
    elif one.constraint.kind in {"unique", "primary key", "exclude"} and not one.constraint.index:
        columns = one.constraint.columns or (None,)
    names = frozenset(column for column in columns if column)
    if not columns or _all_null(scene, table, names) or distinct_already(scene, table, one):
        return
    if any(known <= names for known in scene.world.table(table).distinct):
        return
    named = sql.listed(tuple(columns))
    query = "\n".join(
        [
            f"SELECT {named}, count(*)",
            f"FROM {sql.quoted(table)}",
            f"GROUP BY {named} HAVING count(*) > 1",
        ]
    )
    what = ", ".join(column or "an expression" for column in columns)
    yield Hit(
        f"two rows of {table} may have the same {what}", table,
        sql=((query,),) if None not in columns else (), reads=True,
    )  # fmt: skip


def _all_null(scene: Scene, table: str, names: frozenset[str]) -> bool:
    """Whether one of the columns was added without a value: NULLs are never alike."""
    made = [scene.world.added[table, name] for name in names if (table, name) in scene.world.added]
    return any(one.default is None and one.nullable for one in made)


@rule(
    "narrowing",
    title="A column holds less than before",
    why="Values that are there, or that the previous release writes, no longer fit: the statement fails, or requests do.",
    recipe="Add a new column of the new type, fill it in batches, deciding what becomes of values that do not fit, and "
    "drop the old one in a contract revision.",
    lock=op.ACCESS, scale="loss", dialects=("postgresql",), on=(op.AlterType,),
)  # fmt: skip
def narrowing(scene: Scene, one: op.AlterType) -> Iterator[Hit]:
    table = one.table or ""
    old = scene.world.column(table, one.column).type
    stands = scene.world.existing(table) and not scene.world.is_new(table, one.column)
    if stands and narrows(old, one.type):
        yield Hit(
            f"{table}.{one.column} was {old or 'perhaps wider'} and becomes {one.type}", table
        )
