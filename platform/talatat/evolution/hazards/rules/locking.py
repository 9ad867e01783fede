"""Work that grows with the table while its writers wait."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards import sql
from talatat.evolution.hazards.registry import Hit, Scene, rule
from talatat.evolution.hazards.types import rewrites

_PG = ("postgresql",)


@rule(
    "index-not-concurrent",
    title="An index is built while writers wait",
    why="CREATE INDEX and REINDEX read the whole table; nobody can write to it until they are done.",
    recipe="Build the index CONCURRENTLY, alone in its revision, outside of a transaction.",
    lock=op.SHARE, scale="work", dialects=_PG, on=(op.CreateIndex, op.Reindex),
)  # fmt: skip
def index_not_concurrent(scene: Scene, one: op.CreateIndex | op.Reindex) -> Iterator[Hit]:
    table = one.table or scene.world.index_table(one.name or "")
    if one.concurrently or (table is not None and not scene.world.existing(table)):
        return
    build = isinstance(one, op.CreateIndex)
    yield Hit(
        f"writers of {table or one.name} wait while the index is built", table,
        sql=((sql.concurrently(scene.parsed.sql),),) if build else (),
    )  # fmt: skip


@rule(
    "constraint-builds-index",
    title="A constraint builds its index while everybody waits",
    why="A primary key, unique or exclusion constraint builds its index under the strongest lock: nobody "
    "reads or writes until it is done.",
    recipe="Build a unique index CONCURRENTLY first, then add the constraint USING INDEX, which is instant.",
    lock=op.ACCESS, scale="work", dialects=_PG, on=(op.AddConstraint, op.AddColumn),
)  # fmt: skip
def constraint_builds_index(scene: Scene, one: op.AddConstraint | op.AddColumn) -> Iterator[Hit]:
    made = one.constraints if isinstance(one, op.AddColumn) else (one.constraint,)
    for constraint in made:
        builds = constraint.kind in {"primary key", "unique", "exclude"} and not constraint.index
        if builds and scene.world.existing(one.table):
            yield Hit(
                f"{one.table} is locked while the index of its new {constraint.kind} is built",
                one.table,
            )


@rule(
    "foreign-key-validated",
    title="A foreign key is checked at once",
    why="Adding a foreign key reads the whole table while nobody can write to it nor to the table that it refers to.",
    recipe="Add it NOT VALID, which is instant, and VALIDATE CONSTRAINT in a transaction of its own, which blocks nobody.",
    lock=op.SHARE_ROW, scale="work", dialects=_PG, on=(op.AddConstraint, op.AddColumn),
)  # fmt: skip
def foreign_key_validated(scene: Scene, one: op.AddConstraint | op.AddColumn) -> Iterator[Hit]:
    if not scene.world.existing(one.table):
        return
    table = one.table or ""
    if isinstance(one, op.AddColumn):
        keys = [made for made in one.constraints if made.kind == "foreign key"]
        if keys and (one.column.default is not None or one.column.says_null):
            yield Hit(f"every row of {table} is checked against {keys[0].target}", table, op.ACCESS)
        return
    made = one.constraint
    if made.kind != "foreign key" or not made.valid:
        return
    name = made.name or sql.made_name(table, made.columns, "fk")
    yield Hit(
        f"every row of {table} is checked against {made.target} while writers of both wait", table,
        sql=((sql.foreign_key(table, made),), (sql.validate(table, name),)),
        phase=_later(scene, table, made.columns),
    )  # fmt: skip


@rule(
    "check-validated",
    title="A check is checked at once",
    why="Adding a check constraint reads the whole table while nobody can read or write it.",
    recipe="Add it NOT VALID, which is instant, and VALIDATE CONSTRAINT in a transaction of its own, which blocks nobody.",
    lock=op.ACCESS, scale="work", dialects=_PG, on=(op.AddConstraint, op.AddColumn),
)  # fmt: skip
def check_validated(scene: Scene, one: op.AddConstraint | op.AddColumn) -> Iterator[Hit]:
    made = one.constraints if isinstance(one, op.AddColumn) else (one.constraint,)
    table = one.table or ""
    for constraint in made:
        if constraint.kind != "check" or not constraint.valid or not scene.world.existing(table):
            continue
        name = constraint.name or sql.made_name(table, constraint.columns, "ck")
        steps: tuple[tuple[str, ...], ...] = ()
        if constraint.source and isinstance(one, op.AddConstraint):
            steps = ((sql.check(table, name, constraint.source),), (sql.validate(table, name),))
        yield Hit(
            f"every row of {table} is checked while all who use it wait", table,
            sql=steps, phase=_later(scene, table, constraint.columns),
        )  # fmt: skip


@rule(
    "set-not-null-scan",
    title="SET NOT NULL reads the table",
    why="SET NOT NULL looks at every row while nobody can read or write the table, unless a valid check "
    "already says that the column is not null.",
    recipe="Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in a transaction of its own, then SET NOT NULL "
    "(which now looks at nothing) and drop the check.",
    lock=op.ACCESS, scale="work", dialects=_PG, on=(op.SetNotNull, op.AddConstraint),
)  # fmt: skip
def set_not_null_scan(scene: Scene, one: op.SetNotNull | op.AddConstraint) -> Iterator[Hit]:
    table = one.table or ""
    if isinstance(one, op.SetNotNull):
        columns: tuple[str, ...] = (one.column,)
    else:
        primary = one.constraint.kind == "primary key" and one.constraint.index
        columns = _nullable_of_index(scene, table, one.constraint.index) if primary else ()
    for column in columns:
        known = scene.world.column(table, column).nullable is False
        if not scene.world.existing(table) or (table, column) in scene.world.not_null or known:
            continue
        name = sql.made_name(table, (column,), "not_null_ck")
        steps = (
            (sql.check(table, name, f"{sql.quoted(column)} IS NOT NULL"),),
            (sql.validate(table, name),),
            (
                f"ALTER TABLE {sql.quoted(table)} ALTER COLUMN {sql.quoted(column)} SET NOT NULL",
                f"ALTER TABLE {sql.quoted(table)} DROP CONSTRAINT {sql.quoted(name)}",
            ),
        )
        yield Hit(
            f"every row of {table} is looked at for {column} while all who use it wait", table,
            sql=steps, phase=_later(scene, table, (column,)),
        )  # fmt: skip


@rule(
    "type-change-rewrite",
    title="A change of type writes the table again",
    why="Most changes of a column's type write every row and every index again while nobody can read or write the table.",
    recipe="Add a new column of the new type, write both, fill it in batches, read the new one, and drop the old "
    "one in a contract revision. A varchar may become longer or text without any of this.",
    lock=op.ACCESS, scale="work", dialects=_PG, on=(op.AlterType,),
)  # fmt: skip
def type_change_rewrite(scene: Scene, one: op.AlterType) -> Iterator[Hit]:
    old = scene.world.column(one.table or "", one.column).type
    if scene.world.existing(one.table) and (one.using or one.collation or rewrites(old, one.type)):
        yield Hit(
            f"{one.table} is written again to make {one.column} {one.type}"
            + (
                ""
                if old
                else " (its type today is not known: if it is a shorter varchar, waive this)"
            ),
            one.table,
        )


@rule(
    "volatile-default",
    title="A new column with a value for each row writes the table again",
    why="A constant default is kept in the catalogue. A volatile one (random(), gen_random_uuid(), "
    "clock_timestamp(), a sequence) and a stored generated column are reckoned for each row: all are written "
    "again while nobody can read or write the table.",
    recipe="Add the column without a default, set the default for rows to come, and fill the old rows in batches.",
    lock=op.ACCESS, scale="work", dialects=_PG, on=(op.AddColumn,),
)  # fmt: skip
def volatile_default(scene: Scene, one: op.AddColumn) -> Iterator[Hit]:
    made = one.column
    if not scene.world.existing(one.table):
        return
    if made.default == "volatile" or made.serial or made.generated:
        what = (
            "generated" if made.generated else "numbered" if made.serial else "given its own value"
        )
        column = f"ALTER TABLE {sql.quoted(one.table or '')} ADD COLUMN {sql.quoted(made.name)} {made.type}"
        yield Hit(
            f"each row of {one.table} is {what} for {made.name}", one.table,
            sql=((column,),),
        )  # fmt: skip


@rule(
    "table-rewritten",
    title="A command writes the whole table again",
    why="VACUUM FULL, CLUSTER, SET LOGGED or UNLOGGED, SET TABLESPACE and REFRESH MATERIALIZED VIEW write all "
    "of it again while nobody can use it.",
    recipe="Leave space to autovacuum; refresh a materialized view CONCURRENTLY (it needs a unique index); anything "
    "else belongs in a maintenance window.",
    lock=op.ACCESS, scale="work", dialects=_PG, on=(op.Alter,),
)  # fmt: skip
def table_rewritten(scene: Scene, one: op.Alter) -> Iterator[Hit]:
    if one.rewrites and scene.world.existing(one.table):
        refresh: tuple[tuple[str, ...], ...] = ()
        if one.what == "REFRESH MATERIALIZED VIEW":
            refresh = ((f"REFRESH MATERIALIZED VIEW CONCURRENTLY {sql.quoted(one.table or '')}",),)
        yield Hit(f"{one.what} writes all of {one.table} again", one.table, sql=refresh)


def _nullable_of_index(scene: Scene, table: str, index: str | None) -> tuple[str, ...]:
    """The columns of an index that becomes a primary key."""
    columns = scene.world.indexes.get(table, {}).get(index or "", ())
    columns = columns or scene.world.table(table).indexes.get(index or "", ())
    return tuple(column for column in columns if column)


def _later(scene: Scene, table: str, columns: tuple[str, ...]) -> str | None:
    """The phase in which columns that the previous release writes may be bound."""
    old = any(not scene.world.is_new(table, column) for column in columns)
    return "contract" if old and scene.context.phase in {"expand", "data"} else None
