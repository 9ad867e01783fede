"""The kinds of change that releases are made of. Each takes a draft, and says whether it had a place.

A kind adds revisions to the draft and changes its tables: what the models of the release will map. What
takes something away (`later`) may wait for the release after, as a careful author does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Protocol

from grove.revisions import Add, Create, Drop, Fill, Formula, Remove, Row
from grove.tables import CASCADE, SET_NULL, Column, Table

BY_DIALECT = 'if op.get_bind().dialect.name == "sqlite":\n{sqlite}\nelse:\n{other}'


class Draft(Protocol):
    """What a kind may do: see `grove.series.Draft`."""

    addon: str
    tables: dict[str, Table]
    rng: Random

    def add(
        self, what: str, phase: str, up: str, down: str, *effects: object, **says: object
    ) -> None: ...
    def fresh(self, stem: str) -> str: ...
    def others(self) -> list[tuple[Table, dict[str, str]]]: ...
    def later(self, change: Callable[[], None]) -> None: ...
    def column(self, **like: object) -> tuple[Table, Column] | None: ...
    def record(self) -> Table: ...
    def referred(self) -> set[str]: ...


def new_column(draft: Draft) -> bool:
    """A column that may be empty; or one with a constant default, which never is."""
    table = draft.rng.choice(list(draft.tables.values()))
    column = draft.rng.choice(
        [
            Column(draft.fresh("note")),
            Column(draft.fresh("person"), domain="full"),
            Column(draft.fresh("code"), domain="digits"),
            Column(draft.fresh("many"), "int", "number"),
            Column(draft.fresh("count"), "int", "number", default=0),
        ]
    )
    _add(draft, table.name, column)
    return True


def _add(draft: Draft, table: str, column: Column) -> None:
    draft.tables[table] = draft.tables[table].with_column(column)
    draft.add(
        f"add_{column.name}",
        "expand",
        f'op.add_column("{table}", {column.migration(bare=True)})',
        f'op.drop_column("{table}", "{column.name}")',
        Add(table, column),
    )


def rename(draft: Draft) -> bool:
    """Expand: the new name beside the old one; data; contract: the old one goes."""
    found = draft.column(domain="word") or draft.column(domain="number")
    if found is None:
        return False
    table, old = found
    new = Column(draft.fresh("name"), old.type, old.domain, old.length)
    _moved(draft, table, (old,), (new,), _copying(old.name, new.name))
    return True


def retype(draft: Draft) -> bool:
    """Text to bigint, or int to bigint: through a column of the new type."""
    found = draft.column(domain="digits", type="text") or draft.column(domain="number", type="int")
    if found is None:
        return False
    table, old = found
    new = Column(draft.fresh("big"), "bigint", "number")
    moving = _casting(old.name, new.name) if old.type == "text" else _copying(old.name, new.name)
    _moved(draft, table, (old,), (new,), moving)
    return True


def split(draft: Draft) -> bool:
    """One column of two words becomes two columns."""
    found = draft.column(domain="full")
    if found is None:
        return False
    table, old = found
    first, last = Column(draft.fresh("first")), Column(draft.fresh("last"))
    _moved(draft, table, (old,), (first, last), _splitting(old.name, first.name, last.name))
    return True


Moving = tuple[str, str, Formula, Formula]


def _copying(old: str, new: str) -> Moving:
    def up(row: Row) -> Row:
        return {new: row[old]} if row[new] is None and row[old] is not None else {}

    def down(row: Row) -> Row:
        return {old: row[new]} if row[new] is not None else {}

    forth = f'set="{new} = {old}", where="{new} IS NULL AND {old} IS NOT NULL"'
    back = f'set="{old} = {new}", where="{new} IS NOT NULL"'
    return forth, back, up, down


def _casting(old: str, new: str) -> Moving:
    def up(row: Row) -> Row:
        return {new: int(row[old])} if row[new] is None and row[old] is not None else {}

    def down(row: Row) -> Row:
        return {old: str(row[new])} if row[new] is not None else {}

    cast = {
        "sqlite": f"{new} = CAST({old} AS INTEGER)",
        "postgresql": f"{new} = CAST({old} AS BIGINT)",
    }
    text = {
        "sqlite": f"{old} = CAST({new} AS TEXT)",
        "postgresql": f"{old} = CAST({new} AS VARCHAR)",
    }
    forth = f'set={cast!r}, where="{new} IS NULL AND {old} IS NOT NULL"'
    back = f'set={text!r}, where="{new} IS NOT NULL"'
    return forth, back, up, down


def _splitting(old: str, first: str, last: str) -> Moving:
    def up(row: Row) -> Row:
        if row[first] is not None or row[old] is None:
            return {}
        one, other = row[old].split(" ")
        return {first: one, last: other}

    def down(row: Row) -> Row:
        if row[first] is None or row[last] is None:
            return {}
        return {old: f"{row[first]} {row[last]}"}

    cut = {
        "sqlite": f"{first} = substr({old}, 1, instr({old}, ' ') - 1), "
        f"{last} = substr({old}, instr({old}, ' ') + 1)",
        "postgresql": f"{first} = split_part({old}, ' ', 1), {last} = split_part({old}, ' ', 2)",
    }
    forth = f'set={cut!r}, where="{first} IS NULL AND {old} IS NOT NULL"'
    both = f"{first} IS NOT NULL AND {last} IS NOT NULL"
    back = f'set="{old} = {first} || \' \' || {last}", where="{both}"'
    return forth, back, up, down


def _moved(
    draft: Draft, table: Table, old: tuple[Column, ...], new: tuple[Column, ...], moving: Moving
) -> None:
    """New columns, the values moved to them and, perhaps a release later, the old columns gone."""
    for column in new:
        _add(draft, table.name, column)
    forth, back, up, down = moving
    name, key = table.name, table.key
    draft.add(
        f"fill_{new[0].name}",
        "data",
        "",
        "",
        Fill(name, up, down, tuple(one.name for one in new), tuple(one.name for one in old)),
        extra=f'batches = [Batch("{name}", {forth}, key="{key}", size=3)]\n'
        f'reversal = [Batch("{name}", {back}, key="{key}", size=3)]',
    )
    for column in old:
        left = replace(column, written=False)
        draft.tables[name] = draft.tables[name].with_column(left)
    draft.later(lambda: [_drop(draft, name, column) for column in old])


def _drop(draft: Draft, table: str, column: Column) -> None:
    if table not in draft.tables:  # the release took away all of it
        return
    draft.tables[table] = draft.tables[table].without_column(column.name)
    draft.add(
        f"drop_{column.name}",
        "contract",
        f'op.drop_column("{table}", "{column.name}")',
        f'op.add_column("{table}", {column.migration(bare=True)})',
        Drop(table, column),
    )


def drop_column(draft: Draft) -> bool:
    """A column that nobody reads any more goes, values and all: only what is kept has them."""
    found = draft.column()
    if found is None:
        return False
    table, column = found
    _drop(draft, table.name, column)
    return True


def backfill(draft: Draft) -> bool:
    """A column computed of another one."""
    found = draft.column(domain="word", type="text")
    if found is None:
        return False
    table, source = found
    slug = Column(draft.fresh("slug"))
    _add(draft, table.name, slug)

    def up(row: Row) -> Row:
        wanted = row[slug.name] is None and row[source.name] is not None
        return {slug.name: row[source.name].upper()} if wanted else {}

    where = f"{slug.name} IS NULL AND {source.name} IS NOT NULL"
    draft.add(
        f"fill_{slug.name}",
        "data",
        "",
        "",
        Fill(table.name, up, lambda row: {}, (slug.name,)),
        extra=f'batches = [Batch("{table.name}", set="{slug.name} = upper({source.name})", '
        f'where="{where}", key="{table.key}", size=3)]\nreversal = []',
    )
    return True


def new_table(draft: Draft) -> bool:
    """A table of its own, whose rows belong to those of an older one."""
    parent = draft.record()
    owner = Column(draft.fresh("owner"), "uuid", references=(parent.name, CASCADE), index=True)
    table = Table(draft.addon, f"{draft.addon}_{draft.fresh('table')}")
    for column in (Column("label"), Column("amount", "int", "number", default=0), owner):
        table = table.with_column(column)
    draft.tables[table.name] = table
    draft.add(
        f"make_{table.name.partition('_')[2]}",
        "expand",
        table.create(),
        f'op.drop_table("{table.name}")',
        Create(table),
    )
    return True


def drop_table(draft: Draft) -> bool:
    """A table that nobody refers to goes; the way back makes it again."""
    spare = [one for one in draft.tables if "_table" in one and one not in draft.referred()]
    if not spare:
        return False
    table = draft.tables.pop(draft.rng.choice(spare))
    draft.add(
        f"drop_{table.name.partition('_')[2]}",
        "contract",
        f'op.drop_table("{table.name}")',
        table.create(),
        Remove(table),
    )
    return True


def foreign_key(draft: Draft) -> bool:
    """A reference to a table of another addon: added unvalidated, validated, then indexed."""
    others = draft.others()
    if not others:
        return False
    target, requires = draft.rng.choice(others)
    table = draft.record()
    ondelete = draft.rng.choice([CASCADE, SET_NULL])
    column = Column(draft.fresh("ref"), "uuid", references=(target.name, ondelete), index=True)
    name = f"{table.name}_{column.name}_fk"
    draft.tables[table.name] = table.with_column(column)
    key = f'"{target.name}", ["{column.name}"], ["id"], ondelete="{ondelete}"'
    draft.add(
        f"refer_{column.name}",
        "expand",
        BY_DIALECT.format(
            sqlite=f'    with op.batch_alter_table("{table.name}") as batch:\n'
            f"        batch.add_column({column.migration(bare=True)})\n"
            f'        batch.create_foreign_key("{name}", {key})',
            other=f'    op.add_column("{table.name}", {column.migration(bare=True)})\n'
            f'    op.create_foreign_key("{name}", "{table.name}", {key}, postgresql_not_valid=True)',
        ),
        f'with op.batch_alter_table("{table.name}") as batch:\n'
        f'    batch.drop_column("{column.name}")',
        Add(table.name, column),
        requires=requires,
    )
    draft.add(
        f"valid_{column.name}",
        "expand",
        'if op.get_bind().dialect.name == "postgresql":\n'
        f'    op.execute("ALTER TABLE {table.name} VALIDATE CONSTRAINT {name}")',
        "",
    )
    _index(draft, table.name, column.name)
    return True


def _index(draft: Draft, table: str, column: str) -> None:
    name = f"{table}_{column}_ix"
    draft.add(
        f"index_{column}",
        "expand",
        f'op.create_index("{name}", "{table}", ["{column}"], postgresql_concurrently=True)',
        f'op.drop_index("{name}", table_name="{table}", postgresql_concurrently=True)',
        extra="transactional = False",
    )


def index(draft: Draft) -> bool:
    """An index, made concurrently where that can be."""
    found = draft.column()
    if found is None:
        return False
    table, column = found
    draft.tables[table.name] = table.with_column(replace(column, index=True))
    _index(draft, table.name, column.name)
    return True


def rebuild(draft: Draft) -> bool:
    """A wider text: on SQLite the whole table is made anew, whoever extends it."""
    found = draft.column(type="text", parent=True) or draft.column(type="text")
    if found is None:
        return False
    table, old = found
    new = replace(old, length=old.length + 100)
    draft.tables[table.name] = table.with_column(new)

    def altered(before: Column, after: Column) -> str:
        return (
            f'with op.batch_alter_table("{table.name}") as batch:\n'
            f'    batch.alter_column("{old.name}", existing_type={before.type_text()}, '
            f"type_={after.type_text()}, existing_nullable={old.nullable})"
        )

    draft.add(f"widen_{old.name}", "expand", altered(old, new), altered(new, old))
    return True


KINDS: dict[str, Callable[[Draft], bool]] = {
    "new column": new_column,
    "rename": rename,
    "split": split,
    "type change": retype,
    "backfill": backfill,
    "foreign key": foreign_key,
    "index": index,
    "rebuild": rebuild,
    "new table": new_table,
    "drop column": drop_column,
    "drop table": drop_table,
}
