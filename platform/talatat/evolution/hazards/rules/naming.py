"""How things are made and named, so that they last and meet no other's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.locks import constraints
from talatat.evolution.hazards.registry import Done, Hit, Scene, rule
from talatat.evolution.hazards.types import split
from talatat.evolution.hazards.world import World

TEMPORARY = "_alembic_tmp_"
_SHORT = {"int2", "int4"}


@rule(
    "int4-key",
    title="A key of four bytes",
    why="It is full after two thousand million rows, and by then changing it writes the table, and all that refer to it, again.",
    recipe="bigint, or the platform's UUIDv7, from the start.",
    scale="warning", dialects=("postgresql",), on=(op.CreateTable, op.AddColumn, op.AddConstraint),
)  # fmt: skip
def int4_key(scene: Scene, one: op.CreateTable | op.AddColumn | op.AddConstraint) -> Iterator[Hit]:
    if isinstance(one, op.CreateTable) and one.temporary:
        return
    for made in constraints(one):
        if made.kind != "primary key" or len(made.columns) != 1:
            continue
        column = made.columns[0]
        known = scene.world.column(one.table or "", column).type or ""
        types = {
            name: new.type for (table, name), new in scene.world.added.items() if table == one.table
        }
        if isinstance(one, op.CreateTable):
            types = {new.name: new.type for new in one.columns}
        elif isinstance(one, op.AddColumn):
            types = {one.column.name: one.column.type}
        if split(types.get(column, known))[0] in _SHORT:
            yield Hit(f"the key {one.table}.{column} is {types.get(column, known)}", one.table)


@rule(
    "unnamed-constraint",
    title="A constraint or an index without a name",
    why="The server makes a name, another one where that is taken: a later revision cannot say what it drops, and "
    "SQLite cannot drop it at all.",
    recipe="CONSTRAINT name ..., in the platform's convention: table_column_ck, _uq, _fk, _pk, _ix.",
    scale="notice", on=(op.CreateTable, op.AddColumn, op.AddConstraint, op.CreateIndex),
)  # fmt: skip
def unnamed_constraint(scene: Scene, one: op.Operation) -> Iterator[Hit]:
    if isinstance(one, op.CreateTable) and one.temporary:
        return
    if isinstance(one, op.CreateIndex) and one.name is None:
        yield Hit(f"an index of {one.table} has no name", one.table)
    for made in constraints(one):
        if made.name is None and made.index is None:
            what = f" of {', '.join(made.columns)}" if made.columns else ""
            yield Hit(f"the {made.kind}{what} on {one.table} has no name", one.table)


@rule(
    "long-identifier",
    title="A name is longer than PostgreSQL keeps",
    why="Of more than 63 bytes the rest is cut without an error: two names may become one, and later revisions miss it.",
    recipe="A shorter name.",
    scale="warning", of="statement",
)  # fmt: skip
def long_identifier(scene: Scene) -> Iterator[Hit]:
    for name in scene.parsed.long_names:
        yield Hit(f"{name} has {len(name.encode())} bytes")


@rule(
    "outside-namespace",
    title="A name outside of the addon's namespace",
    why="Another addon, or the next version of one, may make the same name; nobody sees whose it is.",
    recipe="Every name begins with the addon's: loyalty_account. A column on another's table: loyalty__points.",
    scale="warning",
)  # fmt: skip
def outside_namespace(scene: Scene, one: op.Operation) -> Iterator[Hit]:
    addon = scene.context.addon
    if addon is None or one.table in scene.world.temporary:
        return
    for kind, name in _new_names(one):
        bare = name.rpartition(".")[2]
        if not fits(addon, bare) and not bare.startswith(TEMPORARY):
            yield Hit(f"the {kind} {name} does not begin with {addon}_", one.table)
    inline = isinstance(one, op.AddColumn) and scene.world.foreign(one.table)
    if isinstance(one, op.AddColumn) and inline and not one.column.name.startswith(f"{addon}__"):
        yield Hit(
            f"the column {one.column.name} on {one.table} does not begin with {addon}__", one.table
        )


def fits(addon: str, name: str) -> bool:
    """Whether a name is in an addon's namespace."""
    return name == addon or name.startswith(f"{addon}_")


def _new_names(one: op.Operation) -> Iterator[tuple[str, str]]:
    """What an operation makes that has a name of its own in the schema."""
    if isinstance(one, op.CreateTable) and not one.temporary:
        yield "table", one.table or ""
    if isinstance(one, op.Create):
        yield one.kind, one.name
    if isinstance(one, op.CreateIndex) and one.name:
        yield "index", one.name
    if isinstance(one, op.Rename) and one.kind not in {"column", "constraint", "enum value"}:
        yield one.kind, one.new
    if isinstance(one, op.CreateTable) and one.temporary:
        return
    for made in constraints(one):
        if made.kind in {"primary key", "unique", "exclude"} and made.name:
            yield made.kind, made.name


@rule(
    "unindexed-foreign-key",
    title="A foreign key without an index",
    why="Whenever a row of the other table is deleted, this whole table is read to find what refers to it.",
    recipe="An index that begins with the key's columns (CONCURRENTLY where the table has rows).",
    scale="work", of="plan",
)  # fmt: skip
def unindexed_foreign_key(world: World, done: Sequence[Done]) -> Iterator[Hit]:
    dropped = {
        one.table for all_ in done for one in all_.parsed.operations if isinstance(one, op.Drop)
    }
    for place in done:
        for one in place.parsed.operations:
            if isinstance(one, op.CreateTable) and one.temporary:
                continue
            for made in constraints(one):
                table = one.table or ""
                if made.kind != "foreign key" or (table in dropped and table in world.created):
                    continue
                if not _indexed(world, table, made.columns):
                    columns = ", ".join(made.columns)
                    at = (place.step, place.statement)
                    yield Hit(
                        f"{table} ({columns}) refers to {made.target} without an index",
                        table,
                        place=at,
                    )


def _indexed(world: World, table: str, columns: tuple[str, ...]) -> bool:
    leading = [one[: len(columns)] for one in world.leading(_final(world, table))]
    return any(set(one) == set(columns) for one in leading)


def _final(world: World, table: str) -> str:
    """The name that a table made by batch mode has at the end."""
    return table.removeprefix(TEMPORARY)
