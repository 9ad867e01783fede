"""What takes away or binds: it runs when no process of the previous release is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import Constraint, DefaultClause
from sqlalchemy.sql.functions import now

from talatat.evolution.autogenerate.changed import TableChange, widens
from talatat.evolution.autogenerate.constraining import Waiting, check, drop
from talatat.evolution.autogenerate.expanding import alter, must_be_relaxed
from talatat.evolution.autogenerate.former import Former
from talatat.evolution.autogenerate.layout import Call, Statement, call, quoted
from talatat.evolution.autogenerate.pieces import Piece, altering, execute, final, on_postgresql
from talatat.evolution.autogenerate.rendering import Renderer

LONGEST_NAME = 63
_TEXTS = ("char", "text")


def fills(change: TableChange, wanted: Iterable[Column[Any]], render: Renderer,
          notes: list[str]) -> Iterator[Piece]:  # fmt: skip
    """A data revision that gives old rows the value that the model gives new ones."""
    wanted = list(wanted)
    known = filled(change, wanted, render)
    key = list(change.model.primary_key.columns)
    piece = Piece("fill", f"old rows of {change.name}", "data")
    for column in wanted:
        value = known.get(column.name)
        if value is None:
            notes.append(
                f"{change.name}.{column.name} is NOT NULL and what old rows get is not known: the contract "
                f"revision fails where there are rows. Write what they get, before it: talatat revision "
                f"INI ADDON --phase data --before REVISION -m 'fill {column.name}'."
            )
            continue
        name = render.ident(column.name)
        keyed = None if key[0].name == "id" else quoted(key[0].name)
        piece.batches.append(
            call(
                "Batch",
                quoted(change.name),
                set=quoted(f"{name} = {value}"),
                where=quoted(f"{name} IS NULL"),
                key=keyed,
            )
        )
        notes.append(f"{change.name}.{column.name}: old rows get {value}, the model's default.")
    if piece.batches:
        yield piece


def filled(change: TableChange, wanted: Iterable[Column[Any]], render: Renderer) -> dict[str, str]:
    """The columns that a data revision can fill, and with which SQL."""
    if len(change.model.primary_key.columns) != 1:
        return {}
    values = {column.name: _scalar(column, render) for column in wanted}
    return {name: value for name, value in values.items() if value is not None}


def _scalar(column: Column[Any], render: Renderer) -> str | None:
    """What the model gives new rows, as SQL; None where only Python knows."""
    if isinstance(column.server_default, DefaultClause):
        arg = column.server_default.arg
        return "CURRENT_TIMESTAMP" if isinstance(arg, now) else render.sql(arg)
    if column.default is None or not column.default.is_scalar:
        return None
    processor = column.type.dialect_impl(render.dialect).literal_processor(render.dialect)
    try:
        return processor(column.default.arg) if processor is not None else None  # type: ignore[attr-defined]
    except (CompileError, NotImplementedError, TypeError, ValueError):
        return None


def taken_away(
    change: TableChange, must_hold: list[Column[Any]], bound: list[Constraint], render: Renderer,
    former: Former, notes: list[str],
) -> tuple[list[Piece], Waiting]:  # fmt: skip
    """Drops, changes of type and checks of one table, and which checks are to be validated.

    `must_hold` are columns that become NOT NULL, `bound` constraints that are added to columns that exist.
    """
    table = change.name
    piece = Piece("contract", f"what leaves {table}", "contract")
    checks = [one for one in bound if isinstance(one, CheckConstraint)]
    up: list[Statement] = [
        drop(name, former.kind(table, name)) for name in change.constraints_dropped
    ]
    up += [call("table.drop_column", quoted(name)) for name in change.dropped]
    up += _changed(change, render, notes)
    up += [check(one, render) for one in checks]
    for name in change.indexes_dropped:
        piece.up.append(call("op.drop_index", final(name), table_name=quoted(table)))
    piece.up += _altered(table, up)
    piece.up += _present(table, must_hold, render)
    piece.down += _back(change, checks, must_hold, render, former)
    waiting = [(table, str(one.name)) for one in checks]
    waiting += [(table, present(table, one.name)) for one in must_hold]
    return ([piece] if piece.up else []), waiting


def _altered(table: str, body: list[Statement]) -> list[Statement]:
    """Columns that nothing depends on are dropped in place; else the table is altered."""
    if body and all(isinstance(one, Call) and one.name == "table.drop_column" for one in body):
        calls = [one for one in body if isinstance(one, Call)]
        return [call("op.drop_column", quoted(table), *one.arguments) for one in calls]
    return altering(table, body)


def _present(table: str, columns: list[Column[Any]], render: Renderer) -> Iterator[Statement]:
    """Checks by which SET NOT NULL need not look at the rows."""
    made = [
        call("op.create_check_constraint", final(present(table, one.name)), quoted(table),
             quoted(f"{render.ident(one.name)} IS NOT NULL"), postgresql_not_valid="True")
        for one in columns
    ]  # fmt: skip
    if made:
        yield on_postgresql(*made)


def present(table: str, column: str) -> str:
    """The name of the check that stands in until a column is NOT NULL."""
    return f"{table}_{column}_present"[: LONGEST_NAME - 3] + "_ck"


def _changed(change: TableChange, render: Renderer, notes: list[str]) -> Iterator[Statement]:
    for name, (new, old) in change.changed.items():
        if new["type"] != old["type"] and not widens(new["type"], old["type"]):
            notes.append(
                f"{change.name}.{name} becomes {new['type']} (was {old['type']}): the table is written again, "
                f"or values may not fit. For a large table add a new column instead, fill it in batches and "
                f"drop this one."
            )
            kind = render.type(change.model.columns[name].type)
            using = quoted(f"{render.ident(name)}::{new['type']}")
            yield alter(name, type_=kind, postgresql_using=None if _alike(new, old) else using)
        if old.get("default") is not None and new.get("default") is None:
            yield alter(name, server_default="None")


def _alike(new: Any, old: Any) -> bool:
    return all(any(word in str(said["type"]) for word in _TEXTS) for said in (new, old))


def _back(
    change: TableChange, checks: list[CheckConstraint], must_hold: list[Column[Any]],
    render: Renderer, former: Former,
) -> list[Statement]:  # fmt: skip
    """The way back: what was dropped is made again, without the rows' values."""
    table = change.name
    body: list[Statement] = [drop(str(one.name), "check") for one in checks]
    for name, (new, old) in change.changed.items():
        if new["type"] != old["type"] and not widens(new["type"], old["type"]):
            using = None if _alike(new, old) else quoted(f"{render.ident(name)}::{old['type']}")
            body.append(alter(name, type_=former.type(table, name), postgresql_using=using))
        if old.get("default") is not None and new.get("default") is None:
            body.append(alter(name, server_default=former.default(table, name)))
    made = (former.constraint(table, name) for name in change.constraints_dropped)
    again = [one for one in made if one is not None]
    columns: list[Statement] = []
    for name in change.dropped:
        relaxed = must_be_relaxed(change, former, name)
        column = former.column(table, name, nullable=True if relaxed else None)
        columns.append(call("op.add_column", quoted(table), column))
    drops = [
        call("op.drop_constraint", final(present(table, one.name)), quoted(table), type_=quoted("check"),
             if_exists="True")
        for one in must_hold
    ]  # fmt: skip
    return [
        *([on_postgresql(*drops)] if drops else []),
        *columns,
        *altering(table, [*body, *again]),
        *(former.index(table, name) for name in change.indexes_dropped),
    ]


def not_null(change: TableChange, columns: list[Column[Any]], render: Renderer) -> Iterator[Piece]:
    """SET NOT NULL, which the validated check makes instant, and the check's end."""
    if not columns:
        return
    names = ", ".join(one.name for one in columns)
    piece = Piece("not_null", f"{change.name}: {names}", "contract")
    piece.up += altering(change.name, [alter(one.name, nullable="False") for one in columns])
    piece.down += altering(change.name, [alter(one.name, nullable="True") for one in columns])
    drops = [
        call("op.drop_constraint", final(present(change.name, one.name)), quoted(change.name),
             type_=quoted("check"))
        for one in columns
    ]  # fmt: skip
    piece.up.append(on_postgresql(*drops))
    # The revisions before this one left a check: taken back, it stands there again, at once.
    checks = [
        execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID")
        for table, name, column in (
            (
                render.ident(change.name),
                render.ident(present(change.name, one.name)),
                render.ident(one.name),
            )
            for one in columns
        )
    ]
    piece.down.append(on_postgresql(*checks))
    yield piece


def dropped_tables(names: Iterable[str], former: Former) -> Iterator[Piece]:
    """Tables that are to go, by request only."""
    for name in names:
        piece = Piece("contract", f"{name} is dropped", "contract")
        piece.up.append(call("op.drop_table", quoted(name)))
        piece.down += former.create_table(name)
        yield piece


def replaced_indexes(change: TableChange) -> list[Index]:
    """Indexes that stand there under the same name, as another one."""
    return [one for one in change.indexes if str(one.name) in change.indexes_dropped]
