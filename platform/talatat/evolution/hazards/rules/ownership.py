"""What one addon does to another's tables, and leaves there while it is disabled."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.composition import PLATFORM
from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.locks import constraints
from talatat.evolution.hazards.registry import Hit, Scene, rule
from talatat.evolution.hazards.rules.serving import distinct_already, required, says_nothing_new
from talatat.evolution.hazards.types import narrows

_HARMLESS = (op.CreateTable, op.Create, op.Attach, op.Lock, op.SetTimeout, op.Transaction,
             op.ValidateConstraint, op.Vanished)  # fmt: skip


@rule(
    "foreign-object-touched",
    title="Another addon's table is changed",
    why="Its owner does not know of it: the owner's next revision fails or undoes it, and it stays when this addon goes.",
    recipe="Keep what is yours in a table of your own that refers to the other one (an extension table).",
    scale="warning",
)  # fmt: skip
def foreign_object_touched(scene: Scene, one: op.Operation) -> Iterator[Hit]:
    if scene.context.addon is None or isinstance(one, _HARMLESS):
        return
    world, name = scene.world, one.table
    if isinstance(one, op.DropIndex | op.Reindex) and name is None:
        name = world.index_table(one.name) or one.name
    if isinstance(one, op.Drop | op.Rename) and name is None:
        name = one.name if isinstance(one, op.Drop) else one.old.partition(".")[0]
        if name in world.types or (
            one.kind in {"constraint", "schema"} and name == scene.context.addon
        ):
            return
    if getattr(one, "cascade", False):
        for other in world.referring(one.table):
            yield Hit(f"CASCADE reaches {other}, which belongs to {world.owner(other)}", other)
    if name and world.foreign(name):
        yield Hit(f"{name} belongs to {world.owner(name) or 'nobody that is known here'}", name)


@rule(
    "foreign-key-restricts",
    title="A foreign key that vetoes another addon's deletes",
    why="It stays on while this addon is disabled: the other one cannot delete its own rows any more.",
    recipe="ON DELETE CASCADE, or SET NULL on a column that may be null. A veto belongs in a hook, which sleeps with the addon.",
    scale="warning", on=(op.CreateTable, op.AddColumn, op.AddConstraint),
)  # fmt: skip
def foreign_key_restricts(
    scene: Scene, one: op.CreateTable | op.AddColumn | op.AddConstraint
) -> Iterator[Hit]:
    for made in constraints(one):
        if made.kind != "foreign key" or not scene.world.foreign(made.target):
            continue
        bound = made.on_delete == "set null" and any(_not_null(scene, one, c) for c in made.columns)
        if bound:
            yield Hit(
                f"SET NULL on {one.table}, whose column must not be null, refuses the delete",
                one.table,
            )
        elif made.on_delete not in {"cascade", "set null"}:
            yield Hit(
                f"ON DELETE {made.on_delete.upper()} refuses to delete rows of {made.target}",
                one.table,
            )


def _not_null(scene: Scene, one: op.Operation, column: str) -> bool:
    new = one.columns if isinstance(one, op.CreateTable) else ()
    new = (one.column,) if isinstance(one, op.AddColumn) else new
    if any(made.name == column and not made.nullable for made in new):
        return True
    keys = [made for made in constraints(one) if made.kind == "primary key"]
    if any(column in made.columns for made in keys):
        return True
    table = one.table or ""
    known = scene.world.column(table, column).nullable is False
    return known or (table, column) in scene.world.not_null


@rule(
    "foreign-key-unrequired",
    title="A foreign key to an addon that is not required",
    why="Where that addon is not composed its table does not exist and the revision fails; where it is, this key keeps it from being purged.",
    recipe="Add the other addon's distribution to the dependencies, or keep the key's value without a constraint.",
    scale="warning", on=(op.CreateTable, op.AddColumn, op.AddConstraint),
)  # fmt: skip
def foreign_key_unrequired(
    scene: Scene, one: op.CreateTable | op.AddColumn | op.AddConstraint
) -> Iterator[Hit]:
    for made in constraints(one):
        if made.kind == "foreign key" and scene.world.foreign(made.target):
            owner = scene.world.owner(made.target)
            if owner not in {*scene.context.requires, PLATFORM}:
                yield Hit(
                    f"{made.target} belongs to {owner or 'nobody known'}, which is not required",
                    one.table,
                )


@rule(
    "constraint-while-disabled",
    title="A constraint on another's table, which stays on while the addon is disabled",
    why="The owner's inserts and updates, which know nothing of it, are refused when nobody is there to satisfy it.",
    recipe="Put the constraint on your own extension table; an inline column is nullable or has a constant default, and is unique only where it is not null.",
    scale="warning",
    on=(op.AddColumn, op.AddConstraint, op.SetNotNull, op.DropDefault, op.CreateIndex, op.AlterType),
)  # fmt: skip
def constraint_while_disabled(scene: Scene, one: op.Operation) -> Iterator[Hit]:
    if not scene.world.foreign(one.table) or distinct_already(scene, one.table or "", one):
        return
    what = _refuses(scene, one)
    if what:
        yield Hit(
            f"{what} on {one.table} stays on when {scene.context.addon} is disabled", one.table
        )


def _refuses(scene: Scene, one: op.Operation) -> str | None:
    """What of the owner's writes an operation refuses, in words; None where nothing."""
    addon, world, table = scene.context.addon, scene.world, one.table or ""

    def own(columns: tuple[str | None, ...]) -> bool:
        inline = [column for column in columns if column and column.startswith(f"{addon}__")]
        return any(world.added.get((table, c), op.NewColumn(c, "")).default is None for c in inline)

    if isinstance(one, op.AddColumn):
        unique = any(made.kind == "unique" for made in one.constraints)
        if required(one.column) or (unique and one.column.default == "constant"):
            return f"the column {one.column.name}"
    elif isinstance(one, op.SetNotNull):
        made = world.added.get((table, one.column))
        return None if made and made.default else f"NOT NULL of {one.column}"
    elif isinstance(one, op.DropDefault):
        known = world.column(table, one.column).nullable is False
        bound = known or (table, one.column) in world.not_null
        return f"NOT NULL of {one.column}" if bound else None
    elif isinstance(one, op.AddConstraint):
        nothing = own(one.constraint.columns) or says_nothing_new(scene, table, one.constraint)
        return None if nothing else f"the {one.constraint.kind}"
    elif isinstance(one, op.CreateIndex) and one.unique:
        return None if own(one.columns) else f"the unique index {one.name}"
    elif isinstance(one, op.AlterType):
        narrow = narrows(world.column(table, one.column).type, one.type)
        return f"the narrower type of {one.column}" if narrow else None
    return None


@rule(
    "trigger-on-foreign-table",
    title="A trigger, rule or policy on another's table",
    why="It goes on acting while the addon is disabled, and the owner cannot see why.",
    recipe="A hook or a subscriber of the platform, which sleep with the addon.",
    lock=op.SHARE_ROW, scale="warning", on=(op.Attach,),
)  # fmt: skip
def trigger_on_foreign_table(scene: Scene, one: op.Attach) -> Iterator[Hit]:
    if scene.world.foreign(one.table):
        yield Hit(f"the {one.kind} {one.name} acts on {one.table}, which is another's", one.table)


@rule(
    "view-on-foreign-table",
    title="A view over another's table",
    why="The owner can neither drop nor change a column that the view shows: its next revision fails.",
    recipe="Query the other addon's models, or keep what is needed in a table of your own.",
    scale="warning", on=(op.Create,),
)  # fmt: skip
def view_on_foreign_table(scene: Scene, one: op.Create) -> Iterator[Hit]:
    if one.kind in {"view", "materialized view"}:
        others = [name for name in one.reads if scene.world.foreign(name)]
        if others:
            yield Hit(f"the {one.kind} {one.name} shows {', '.join(others)}", others[0])
