"""What has changed of one table: differences of schemas together with the models' own objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Table
from sqlalchemy.schema import Constraint, DefaultClause
from sqlalchemy.sql.elements import TextClause

from talatat.evolution.drift.comparing import Difference

_TEXT = re.compile(r"(?:character varying|varchar) ?(?:\((\d+)\))?|text")
_CONSTANT = re.compile(r"-?\d+(\.\d+)?|'(?:[^']|'')*'(::[\w ]+)?|true|false|null", re.IGNORECASE)
_NAME = re.compile(r"\w+")
# What no revision is written for: it takes more than one statement, or a decision.
_BY_HAND = ("generated", "identity", "collation", "conflict")


@dataclass
class TableChange:
    """The differences of one table that is there. `model` is what it is to become.

    `changed` holds for each column what the model says and what stands there; constraints and indexes
    that changed stand among the added and among the dropped.
    """

    model: Table
    added: list[Column[Any]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    changed: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    constraints_dropped: list[str] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    indexes_dropped: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The table's."""
        return self.model.name

    @property
    def new(self) -> set[str]:
        """The names of the columns that are added."""
        return {one.name for one in self.added}

    def is_new(self, one: Constraint | Index) -> bool:
        """Whether something binds only what did not exist before."""
        if isinstance(one, CheckConstraint):
            words = set(_NAME.findall(str(one.sqltext)))
            mentioned = {column.name for column in self.model.columns} & words
            return bool(mentioned) and mentioned <= self.new
        return any(column.name in self.new for column in getattr(one, "columns", ()))


def by_table(
    differences: Iterable[Difference], models: Mapping[str, Table], notes: list[str]
) -> list[TableChange]:
    """Gather the differences of tables that are there; what has to be done by hand goes to `notes`."""
    found = []
    for name, group in groupby(differences, key=lambda one: one.table):
        change = TableChange(models[name])
        for one in group:
            _add(change, one, notes)
        found.append(change)
    return found


def _add(change: TableChange, one: Difference, notes: list[str]) -> None:
    if one.kind == "column":
        _add_column(change, one, notes)
    elif one.kind == "constraint":
        _add_constraint(change, one, notes)
    elif one.kind == "index":
        _add_index(change, one, notes)
    elif one.kind == "table" and one.name != "sequences":
        notes.append(
            f"{one.table}: {one.name} is {one.other!r} in the revisions and {one.one!r} in the models. "
            f"Write that change by hand."
        )


def _add_column(change: TableChange, one: Difference, notes: list[str]) -> None:
    column = change.model.columns.get(one.name)
    if one.other is None and column is not None:
        change.added.append(column)
    elif one.one is None:
        if "generated" in one.other:
            notes.append(
                f"{one.table}.{one.name} is computed by the database, in SQL alone: left alone."
            )
        else:
            change.dropped.append(one.name)
    else:
        parted = [what for what in _BY_HAND if one.one.get(what) != one.other.get(what)]
        if parted:
            notes.append(
                f"{one.table}.{one.name}: write the change of {', '.join(parted)} by hand."
            )
        if any(
            one.one.get(what) != one.other.get(what) for what in ("type", "nullable", "default")
        ):
            change.changed[one.name] = (one.one, one.other)


def _add_constraint(change: TableChange, one: Difference, notes: list[str]) -> None:
    texts = [str(said).lower() for said in (one.one, one.other) if said is not None]
    if any(text.startswith("primary key") for text in texts):
        notes.append(
            f"{one.table}: its primary key is another one in the models. Write that revision by hand: all "
            f"that refers to the table changes with it."
        )
        return
    if one.one is not None:
        own = {str(made.name).lower(): made for made in change.model.constraints}
        if (made := own.get(one.name.lower())) is None:
            notes.append(
                f"{one.table}: the constraint {one.name} has no name in the models. Name it."
            )
            return
        change.constraints.append(made)
    if one.other is not None:
        change.constraints_dropped.append(one.name)


def _add_index(change: TableChange, one: Difference, notes: list[str]) -> None:
    if one.one is not None:
        own = {str(made.name): made for made in change.model.indexes}
        change.indexes.append(own[one.name])
    elif not _is_plain(str(one.other)):
        notes.append(
            f"{one.table}: the index {one.name} is over expressions or partial, and made in SQL alone: "
            f"left alone. Drop it by hand if it is to go."
        )
        return
    if one.other is not None:
        change.indexes_dropped.append(one.name)


def _is_plain(text: str) -> bool:
    """Whether an index is over whole columns of all rows."""
    inner = text[text.find("(") + 1 :]
    return "(" not in inner and " where " not in inner.lower()


def widens(new: str, old: str) -> bool:
    """Whether every value of the old type is one of the new, without the table being written again."""
    ours, theirs = _TEXT.fullmatch(new), _TEXT.fullmatch(old)
    if ours is None or theirs is None:
        return False
    return ours[1] is None or (theirs[1] is not None and int(ours[1]) >= int(theirs[1]))


def is_constant(column: Column[Any]) -> bool:
    """Whether a column has a default that the database keeps once for all rows."""
    clause = column.server_default
    if not isinstance(clause, DefaultClause):
        return False
    if isinstance(clause.arg, str):
        return True
    return isinstance(clause.arg, TextClause) and bool(_CONSTANT.fullmatch(clause.arg.text.strip()))
