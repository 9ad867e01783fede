"""SQLite's statements as operations: each is run in a shadow database, and the catalogue compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.model import HazardsError, Step
from talatat.evolution.hazards.postgresql_names import long_names
from talatat.evolution.hazards.sqlite_rebuilds import Rebuilds
from talatat.evolution.hazards.sqlite_shadow import Shadow, Thing, Touched, Unreadable
from talatat.evolution.hazards.sqlite_tables import constraints
from talatat.evolution.hazards.tokens import Token, pieces, tokenize
from talatat.evolution.hazards.world import World

Things = dict[str, Thing]
_CHANGING = ("CREATE", "DROP", "ALTER", "PRAGMA", "ANALYZE", "VACUUM", "REINDEX", "SELECT")


def parse_all(step: Step, world: World) -> Iterator[tuple[int, op.Parsed]]:
    """Read the statements of a step, in the shadow database of the plan. Raises HazardsError."""
    if world.shadow is None:
        world.shadow = Shadow(step.context.schema)
    shadow = world.shadow
    context = step.context
    rebuilds = Rebuilds(shadow, context.foreign_keys, in_transaction=context.transactional)
    found: list[tuple[int, op.Parsed]] = []
    for place, text in enumerate(step.statements):
        for piece in pieces(text):
            try:
                found.append((place, _parsed(shadow, rebuilds, piece.text, len(found))))
            except HazardsError as error:
                raise HazardsError(f"statement {place + 1} cannot be read: {error}") from error
    for number, operations in rebuilds.settled([list(one.operations) for _, one in found]):
        place, one = found[number]
        found[number] = (place, replace(one, operations=tuple(operations)))
    yield from found


def _parsed(shadow: Shadow, rebuilds: Rebuilds, sql: str, number: int) -> op.Parsed:
    if "\0" in sql:
        raise HazardsError("the statement holds a NUL character, which SQLite refuses")
    tokens = list(tokenize(sql))
    try:
        touched = shadow.run(sql)
        before, after = shadow.before, shadow.things()
        rebuilds.note(number, before, tokens)
        found = [*_control(tokens), *_changed(shadow, before, after, touched)]
        found += _writes(shadow, sql, tokens, touched)
        if rebuilds.pragma(tokens):
            found.append(op.ForeignKeys(None, rebuilds.foreign_keys))
    except Unreadable as error:
        found = [op.Opaque(None, f"a statement that SQLite refuses here ({error})")]
    return op.Parsed(sql, tuple(found), frozenset(), long_names(sql))


def _control(tokens: list[Token]) -> Iterator[op.Operation]:
    if tokens[0].is_word("BEGIN"):
        yield op.Transaction(None, "begin")
    elif tokens[0].is_word("COMMIT", "END", "ROLLBACK") and not any(
        token.is_word("TO") for token in tokens
    ):
        yield op.Transaction(None, "end")


def _changed(
    shadow: Shadow, before: Things, after: Things, touched: Touched
) -> Iterator[op.Operation]:
    gone = [before[name] for name in before if name not in after]
    new = [after[name] for name in after if name not in before]
    renamed = touched.alters and _renamed(gone, new)
    if renamed:
        old, thing = renamed
        yield op.Rename(old.name, "table", old.name, thing.name)
        gone, new = [], []
    for thing in gone:
        yield from _dropped(thing, {one.name for one in gone})
    for thing in new:
        yield from _created(shadow, thing)
    for name, thing in after.items():
        if thing.kind == "table" and name in before and not renamed:
            yield from compared(before[name], thing)


def _renamed(gone: list[Thing], new: list[Thing]) -> tuple[Thing, Thing] | None:
    tables = (
        [one for one in gone if one.kind == "table"],
        [one for one in new if one.kind == "table"],
    )
    return (tables[0][0], tables[1][0]) if tables[0] and tables[1] else None


def _dropped(thing: Thing, gone: set[str]) -> Iterator[op.Operation]:
    """What is dropped by itself; what goes with its table is not said."""
    if thing.kind == "table":
        yield op.Drop(thing.name, "table", thing.name)
    elif thing.kind == "view":
        yield op.Drop(None, "view", thing.name)
    elif thing.table not in gone and not thing.table.endswith(" table"):
        if thing.kind == "index":
            yield op.DropIndex(thing.table, thing.name)
        else:
            yield op.Drop(thing.table, thing.kind, thing.name)


def _created(shadow: Shadow, thing: Thing) -> Iterator[op.Operation]:
    if thing.kind == "table":
        virtual = any(token.is_word("VIRTUAL") for token in list(tokenize(thing.sql))[:3])
        columns = tuple(new_column(name, thing) for name in thing.columns)
        made = () if virtual else constraints(thing.sql)
        yield op.CreateTable(thing.name, columns, made)
    elif thing.kind == "index":
        columns_of = shadow.index_columns(thing.name)
        partial = any(token.is_word("WHERE") for token in tokenize(thing.sql))
        unique = shadow.is_unique(thing.name, thing.table)
        yield op.CreateIndex(thing.table, thing.name, columns_of, unique, partial=partial)
    elif thing.kind == "view":
        try:
            reads = shadow.view_reads(thing.name)
        except (Unreadable, HazardsError):
            reads = ()
        yield op.Create(None, "view", thing.name, reads)
    elif thing.kind == "trigger":
        yield op.Attach(thing.table, "trigger", thing.name)


def new_column(name: str, thing: Thing) -> op.NewColumn:
    """A column of the catalogue as one that is made."""
    type_, not_null, default = thing.columns[name]
    return op.NewColumn(name, type_, not not_null, "constant" if default else None)


def compared(old: Thing, new: Thing) -> Iterator[op.Operation]:
    """What became of a table's columns and constraints."""
    gone = [name for name in old.columns if name not in new.columns]
    made = [name for name in new.columns if name not in old.columns]
    if len(gone) == len(made) == 1 and len(old.columns) == len(new.columns):
        places = list(old.columns).index(gone[0]), list(new.columns).index(made[0])
        if places[0] == places[1]:
            yield op.Rename(new.name, "column", gone[0], made[0])
            return
    known = constraints(old.sql)
    bound = [one for one in constraints(new.sql) if one not in known]
    for name in gone:
        yield op.DropColumn(new.name, name)
    for name in made:
        own = tuple(one for one in bound if one.columns == (name,))
        bound = [one for one in bound if one not in own]
        yield op.AddColumn(new.name, new_column(name, new), own)
    if new.sql != old.sql and not made and not gone:
        for one in bound:
            yield op.AddConstraint(new.name, _with_columns(one, new))
    for name, (_, not_null, _) in new.columns.items():
        if not_null and name in old.columns and not old.columns[name][1]:
            yield op.SetNotNull(new.name, name)


def _with_columns(made: op.Constraint, table: Thing) -> op.Constraint:
    """A constraint with the columns that its condition names, which SQLite's catalogue does not tell."""
    if made.columns or made.source is None:
        return made
    named = {one.name.lower() for one in tokenize(made.source) if one.kind in {"word", "quoted"}}
    return replace(made, columns=tuple(name for name in table.columns if name.lower() in named))


def _writes(
    shadow: Shadow, sql: str, tokens: list[Token], touched: Touched
) -> Iterator[op.Operation]:
    if tokens[0].is_word(*_CHANGING):
        return
    kinds = list(touched.writes)
    if not kinds:
        return
    # An upsert both inserts and updates: the rows are the insert's.
    kind, table = kinds[0]
    where = any(token.is_word("WHERE", "LIMIT") for token in tokens)
    bounded = (kind == "insert" or where) and _bounded(shadow, sql, tokens)
    yield op.Write(table, kind, bounded, where)


def _bounded(shadow: Shadow, sql: str, tokens: list[Token]) -> bool:
    """Whether the rows that a statement writes are few, by the plan that SQLite makes for it."""
    if any(token.is_word("LIMIT") for token in tokens):
        return True
    try:
        lines = shadow.keys_of_plan(sql)
    except sqlite3.Error:
        return False
    loops = [line for line in lines if line.startswith(("SCAN", "SEARCH"))]
    fixed = not any("SUBQUERY" in line for line in lines)
    return all(_few(shadow, line, fixed) for line in loops)


def _few(shadow: Shadow, line: str, fixed: bool) -> bool:
    if line.startswith("SCAN"):  # a virtual table says "=" where one row is asked for
        return "CONSTANT ROW" in line or ("VIRTUAL TABLE" in line and line.endswith("="))
    head, _, terms = line.partition(" (")
    if "<?" in terms:  # new keys are larger than old ones
        return True
    index = head.rpartition(" ")[2]
    width = 1 if head.endswith("PRIMARY KEY") else shadow.unique_index(index)
    return fixed and width is not None and terms.count("=?") >= width
