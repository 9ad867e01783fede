"""`Changes`: what one transaction has changed so far, in the order in which it did.

A savepoint begins a layer that can be taken back. At the end the changes of one row are folded into one:
its values before the transaction and after it. A row that came and went in one transaction is none.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from talatat.db.origin import Origin, origin
from talatat_audit.capturing.tables import LABELS, Audited
from talatat_audit.masking import MASK
from talatat_audit.values import plain, storable
from talatat_audit.writing import Row, row

Values = Mapping[str, Any]
"""Values of a row by column name, as Python has them."""


@dataclass(frozen=True)
class RowChange:
    """One row that was written. Of an update, `before` and `after` have the changed columns alone."""

    audited: Audited
    key: tuple[Any, ...] | None
    action: Literal["create", "update", "delete"]
    before: Values | None = None
    after: Values | None = None
    label: str | None = None

    def then(self, later: RowChange) -> RowChange | None:
        """This change and a later one of the same row as one; None where nothing is left of them."""
        before, after = self.before or {}, later.after or {}
        label = later.label or self.label
        if later.action == "delete":
            if self.action == "create":
                return None
            return replace(later, before={**(later.before or {}), **before}, label=label)
        if self.action == "create":
            return replace(self, after={**(self.after or {}), **after}, label=label)
        if self.action == "update":
            before = {**(later.before or {}), **before}
            after = {**(self.after or {}), **after}
        return updated(self.audited, self.key, before, after, label)


@dataclass(frozen=True)
class Statement:
    """A statement whose rows are not told one by one: `rows` were written."""

    audited: Audited
    action: str
    rows: int
    text: str


class Changes:
    """The changes of one transaction on one connection."""

    def __init__(self, session: Session) -> None:
        self._session = weakref.ref(session)  # which holds this
        self.flushing = False
        self.under_way: Any = None
        self.origin: Origin | None = (
            None  # of the first change: a commit may lie outside of the work
        )
        self._layers: list[list[RowChange | Statement | Row]] = [[]]

    def __bool__(self) -> bool:
        return any(self._layers)

    @property
    def session(self) -> Session:
        """The session whose changes these are."""
        session = self._session()
        assert session is not None  # it executes the statement
        return session

    def add(self, *found: RowChange | Statement | Row | None) -> None:
        """Take note of changes, or of an entry that is made already."""
        self._layers[-1].extend(one for one in found if one is not None)
        if self.origin is None:
            self.origin = origin()

    def begin_savepoint(self) -> None:
        """What follows may be taken back."""
        self._layers.append([])

    def roll_back_savepoint(self) -> None:
        """Forget what followed the last savepoint."""
        if len(self._layers) > 1:
            self._layers.pop()

    def release_savepoint(self) -> None:
        """What followed the last savepoint stands or falls with what came before."""
        if len(self._layers) > 1:
            above = self._layers.pop()
            self._layers[-1].extend(above)

    def taken(self) -> list[RowChange | Statement | Row]:
        """All of them, folded; there are none afterwards."""
        found = [one for layer in self._layers for one in layer]
        self._layers = [[] for _ in self._layers]
        return folded(found)


def folded(found: Iterable[RowChange | Statement | Row]) -> list[RowChange | Statement | Row]:
    """One change for each row, where its first one stood."""
    places: dict[Any, int] = {}
    made: list[RowChange | Statement | Row | None] = []
    for one in found:
        if not isinstance(one, RowChange) or one.key is None:
            made.append(one)
            continue
        name = (one.audited.table.name, tuple(map(str, one.key)))
        place = places.get(name)
        earlier = None if place is None else made[place]
        if isinstance(earlier, RowChange) and place is not None:
            made[place] = earlier.then(one)
        else:
            places[name] = len(made)
            made.append(one)
    return [one for one in made if one is not None]


def updated(
    audited: Audited,
    key: tuple[Any, ...] | None,
    before: Values,
    after: Values,
    label: str | None = None,
) -> RowChange | None:
    """The change of a row from `before` to `after`, in the columns that both know; None for none."""
    names = [
        name
        for name in after
        if name in before and name not in audited.masking.omitted and before[name] != after[name]
    ]
    if not names:
        return None
    return RowChange(
        audited,
        key,
        "update",
        {name: before[name] for name in names},
        {name: after[name] for name in names},
        label or label_of(audited, {**before, **after}),
    )


def label_of(audited: Audited, values: Values) -> str | None:
    """What people call a row."""
    for name in LABELS:
        value = values.get(name)
        if isinstance(value, str) and value and audited.masking.shown(name):
            return storable(value, 200)
    return None


def entry_of(change: RowChange | Statement | Row, context: Mapping[str, Any]) -> Row:
    """The entry of a change."""
    if isinstance(change, dict):
        return change
    audited = change.audited
    if isinstance(change, Statement):
        told = {"rows": change.rows, "statement": plain(change.text)}
        return row(context, audited.addon, change.action, resource=audited.resource, after=told)
    return row(
        context,
        audited.addon,
        change.action,
        resource=audited.resource,
        subject=_subject(audited, change.key),
        label=change.label,
        before=_shown(audited, change.before),
        after=_shown(audited, change.after),
    )


def _subject(audited: Audited, key: tuple[Any, ...] | None) -> str | None:
    """The primary key as a text; a digest may be a part of one."""
    if key is None:
        return None
    masked = audited.masking.masked
    named = zip(audited.keys, key, strict=True)
    return ",".join(MASK if column.name in masked else str(value) for column, value in named)


def _shown(audited: Audited, values: Values | None) -> dict[str, Any] | None:
    if values is None:
        return None
    masking = audited.masking
    return {
        # SQLAlchemy's names are a kind of str that JSON's writer does not take.
        str(name): MASK if name in masking.masked and value is not None else plain(value)
        for name, value in values.items()
        if name not in masking.omitted
    }
