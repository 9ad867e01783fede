"""What breaks the release that serves while the plan is applied, and until the new one has taken over."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards import sql
from talatat.evolution.hazards.registry import Hit, Scene, rule
from talatat.evolution.hazards.types import narrows

_NAMED = {"table", "column", "view", "materialized view", "enum value", "sequence", "function"}
_USED = {"table", "view", "materialized view", "schema", "sequence", "function", "type", "domain"}


@rule(
    "rename-while-serving",
    title="Something is renamed that the previous release uses",
    why="The previous release goes on using the old name until the last of its processes is gone; each such request fails.",
    recipe="Add the new column or table, write both, fill it, read the new one, and drop the old one in a contract revision.",
    lock=op.ACCESS, scale="loss", on=(op.Rename,),
)  # fmt: skip
def rename_while_serving(scene: Scene, one: op.Rename) -> Iterator[Hit]:
    if one.kind not in _NAMED or not scene.context.serving or _made_here(scene, one):
        return
    old = f"{one.table}.{one.old}" if one.kind == "column" else one.old
    yield Hit(f"the previous release still uses the {one.kind} {old}", one.table)


def _made_here(scene: Scene, one: op.Rename) -> bool:
    world = scene.world
    if one.kind == "column":
        return world.is_new(one.table, one.old)
    return one.old in world.created or one.old in world.types


@rule(
    "drop-while-serving",
    title="Something is taken away that the previous release uses",
    why="The previous release goes on reading and writing it until the last of its processes is gone; each such request fails.",
    recipe="Drop it in a contract revision, which runs when no process of the previous release is left.",
    lock=op.ACCESS, scale="loss", on=(op.DropColumn, op.Drop, op.MoveTable),
)  # fmt: skip
def drop_while_serving(scene: Scene, one: op.DropColumn | op.Drop | op.MoveTable) -> Iterator[Hit]:
    what = _taken(scene, one)
    if what and scene.context.serving:
        yield Hit(f"the previous release still uses {what}", one.table)


def _taken(scene: Scene, one: op.Operation) -> str | None:
    """What an operation takes away of that which stood before the plan; None where nothing."""
    world = scene.world
    if isinstance(one, op.DropColumn):
        return None if world.is_new(one.table, one.column) else f"{one.table}.{one.column}"
    if isinstance(one, op.MoveTable):
        return one.table if world.existing(one.table) else None
    if isinstance(one, op.Drop) and one.kind in _USED:
        made = one.name in world.types or one.name in world.created
        return None if made else f"the {one.kind} {one.name}"
    return None


@rule(
    "dropped-default",
    title="A default is dropped that the previous release counts on",
    why="The previous release does not name the column when it inserts: its rows get NULL, or are refused.",
    recipe="Drop the default in a contract revision.",
    lock=op.ACCESS, scale="loss", on=(op.DropDefault,),
)  # fmt: skip
def dropped_default(scene: Scene, one: op.DropDefault) -> Iterator[Hit]:
    known = scene.world.column(one.table or "", one.column).default
    new = scene.world.is_new(one.table, one.column)
    if scene.context.serving and known is not False and not new:
        statement = f"ALTER TABLE {sql.quoted(one.table or '')} ALTER COLUMN {sql.quoted(one.column)} DROP DEFAULT"
        yield Hit(
            f"rows that the previous release inserts in {one.table} lose their {one.column}", one.table,
            sql=((statement,),), phase="contract",
        )  # fmt: skip


@rule(
    "not-null-without-default",
    title="A new column must not be null and has no default",
    why="It cannot be added where there are rows, and the previous release, which does not know it, cannot insert any.",
    recipe="Add it with a constant default, or nullable: fill it in batches and set NOT NULL in a contract revision.",
    lock=op.ACCESS, scale="loss", on=(op.AddColumn,),
)  # fmt: skip
def not_null_without_default(scene: Scene, one: op.AddColumn) -> Iterator[Hit]:
    if scene.world.existing(one.table) and required(one.column):
        table, made = sql.quoted(one.table or ""), one.column
        statement = f"ALTER TABLE {table} ADD COLUMN {sql.quoted(made.name)} {made.type}"
        yield Hit(
            f"the rows of {one.table} have no {made.name}, and the previous release gives none", one.table,
            sql=((statement,),) if made.type else (),
        )  # fmt: skip


def required(made: op.NewColumn) -> bool:
    """Whether an insert that does not name the column is refused."""
    return not made.nullable and made.default is None and not made.serial and not made.generated


@rule(
    "contract-in-expand",
    title="Contract work in an expand or data revision",
    why="Expand and data revisions run while the previous release serves. What takes something away, or binds what "
    "the previous release still writes freely, makes its requests fail.",
    recipe="Move the statement to a contract revision, which runs when no process of the previous release is left.",
    scale="loss",
)  # fmt: skip
def contract_in_expand(scene: Scene, one: op.Operation) -> Iterator[Hit]:
    if scene.context.phase not in {"expand", "data"}:
        return
    what = _taken(scene, one) or _bound(scene, one)
    if what is None and isinstance(one, op.Rename) and one.kind in _NAMED:
        what = None if _made_here(scene, one) else f"the {one.kind} {one.old}"
    if what:
        yield Hit(f"it takes away or binds {what} while the previous release serves", one.table)


def _bound(scene: Scene, one: op.Operation) -> str | None:
    """What an operation refuses from now on that the previous release may write."""
    world, table = scene.world, one.table or ""
    if not world.existing(table):
        return None
    if isinstance(one, op.AddColumn):
        binds = required(one.column) or _repeats(one) or one.column.fallible
        return f"{table}.{one.column.name}" if binds else None
    columns = _bound_columns(scene, table, one)
    if any(column and world.is_new(table, column) for column in columns):
        return None
    if distinct_already(scene, table, one):
        return None
    named = ", ".join(column or "an expression" for column in columns)
    return f"{table} ({named})" if columns else None


def _bound_columns(scene: Scene, table: str, one: op.Operation) -> tuple[str | None, ...]:
    world = scene.world
    if isinstance(one, op.SetNotNull):
        return () if world.column(table, one.column).nullable is False else (one.column,)
    if isinstance(one, op.AlterType):
        tighter = one.using or narrows(world.column(table, one.column).type, one.type)
        return (one.column,) if tighter else ()
    if isinstance(one, op.DropDefault):
        return () if world.column(table, one.column).default is False else (one.column,)
    if isinstance(one, op.AddConstraint) and not one.constraint.index:
        nothing = says_nothing_new(scene, table, one.constraint)
        return () if nothing else one.constraint.columns or (None,)
    if isinstance(one, op.CreateIndex) and (one.unique or one.fallible):
        return one.columns
    return ()


def says_nothing_new(scene: Scene, table: str, made: op.Constraint) -> bool:
    """Whether a check says only that a column is not null which is not null already."""
    known = scene.world.column(table, made.not_null or "").nullable is False
    return made.only and (known or (table, made.not_null) in scene.world.not_null)


def _repeats(one: op.AddColumn) -> bool:
    """A unique column with a constant default: the second row is refused."""
    unique = any(made.kind in {"unique", "primary key"} for made in one.constraints)
    return unique and one.column.default == "constant"


_DISTINCT = {"unique", "primary key", "exclude"}


def distinct_already(scene: Scene, table: str, one: op.Operation) -> bool:
    """Whether the database keeps distinct already what an operation makes unique."""
    columns: tuple[str | None, ...] = ()
    if isinstance(one, op.CreateIndex) and one.unique and not one.fallible:
        columns = one.columns
    elif isinstance(one, op.AddConstraint) and one.constraint.kind in _DISTINCT:
        columns = one.constraint.columns
    names = {column for column in columns if column}
    return any(key <= names for key in scene.world.keys(table) or ())
