"""Deletions: the rows that go, the rows that the database deletes or changes along with them, what is kept.

ON DELETE CASCADE and SET NULL are done by the database without a statement that could be seen. They are
known from metadata, so the rows are looked up before the statement is sent: one SELECT for each foreign
key that leads to a followed table.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from talatat.resources.changes.following import Dependent, Followed, Following
from talatat.resources.changes.keeping import packed
from talatat.resources.changes.notes import Notes
from talatat.resources.changes.statements import chunks, id_text

log = logging.getLogger(__name__)

Rows = Sequence[Mapping[str, Any]]
"""Rows by column name."""


class Deletions:
    """Notes deletions in one system."""

    def __init__(self, following: Following) -> None:
        self.following = following

    def wanted(self, followed: Followed) -> list[sa.Column[Any]]:
        """The columns of a row that have to be known when it is deleted."""
        if followed.keeps or any(one.owner in self.following.keepers for one in followed.links):
            return list(followed.table.columns)
        columns = [one.column for one in followed.links]
        columns += [one.refers_to for one in followed.dependents]
        if followed.version is not None:
            columns.append(followed.version)
        return list(dict.fromkeys(columns))

    def note(
        self,
        connection: sa.Connection,
        notes: Notes,
        followed: Followed,
        rows: Rows,
        led: set[tuple[Dependent, Any]] | None = None,
    ) -> None:
        """Take note that `rows` of a table are deleted, with all that goes with them.

        `led` are the keys that led here: cascades may go in circles.
        """
        led = set() if led is None else led
        for row in rows:
            self._note_row(notes, followed, row)
        for dependent in followed.dependents:
            values = {row[dependent.refers_to.name] for row in rows} - {None}
            values = {value for value in values if (dependent, value) not in led}
            led |= {(dependent, value) for value in values}
            child = self.following.tables[dependent.column.table.name]
            found = self._rows(connection, child, dependent.column, sorted(values, key=str))
            if not found:
                continue
            if dependent.action == "CASCADE":
                self.note(connection, notes, child, found, led)
            else:
                touched(notes, child, found)

    def _note_row(self, notes: Notes, followed: Followed, row: Mapping[str, Any]) -> None:
        version = None if followed.version is None else row[followed.version.name]
        for link in followed.links:
            value = row[link.column.name]
            if value is None:
                continue
            key = (link.owner, id_text(link.column, value))
            keeps = link.owner in self.following.keepers
            if link.own:
                kept = _kept(followed, row) if keeps else None
                notes.gone(
                    key, version, None if kept is None else {str(followed.table.name): [kept]}
                )
                continue
            notes.touch(key)
            if keeps and (kept := _kept(followed, row)) is not None:
                notes.part_gone(key, str(followed.table.name), kept)

    def _rows(
        self,
        connection: sa.Connection,
        child: Followed,
        column: sa.Column[Any],
        values: Sequence[Any],
    ) -> list[Mapping[str, Any]]:
        columns = self.wanted(child)
        found: list[Mapping[str, Any]] = []
        for part in chunks(values):
            query = sa.select(*columns).where(column.in_(part))
            found += by_name(connection, query, columns)
        return found


def touched(notes: Notes, followed: Followed, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take note that rows of a table were written."""
    for row in rows:
        for link in followed.links:
            value = row[link.column.name]
            if value is not None:
                notes.touch((link.owner, id_text(link.column, value)))


def by_name(
    connection: sa.Connection,
    query: Any,
    columns: Sequence[sa.Column[Any]],
    given: Mapping[str, Any] | None = None,
) -> list[Mapping[str, Any]]:
    """The rows of `query`, whose first columns are `columns`, by the columns' names."""
    names = [column.name for column in columns]
    rows = connection.execute(query, given or {})
    return [dict(zip(names, row, strict=False)) for row in rows]


def _kept(followed: Followed, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row as it is kept; None where it holds what cannot be: the row is deleted all the same."""
    try:
        return packed(row)
    except TypeError as error:
        log.warning("a deleted row of %s cannot be restored: %s", followed.table.name, error)
        return None
