"""Rows that the database deletes or clears by itself when others are deleted (ON DELETE).

They are known from metadata, and looked up before the statement is sent: one SELECT for each foreign key
that leads to a deleted row. Keys of several columns are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from talatat.resources.changes.statements import chunks
from talatat_audit.capturing.changes import Changes, RowChange, label_of, updated
from talatat_audit.capturing.tables import Audited, Dependent, Tables

Rows = Sequence[Mapping[str, Any]]


def deleted(
    connection: sa.Connection,
    tables: Tables,
    changes: Changes,
    audited: Audited,
    rows: Rows,
    led: set[tuple[int, Any]] | None = None,
) -> None:
    """Take note that `rows`, whole ones, are deleted, with all that goes with them.

    `led` are the keys that led here: cascades may go in circles.
    """
    led = set() if led is None else led
    for row in rows:
        changes.add(
            RowChange(
                audited, audited.key_of(row), "delete", before=row, label=label_of(audited, row)
            )
        )
    for dependent in audited.dependents:
        values = {row.get(dependent.refers_to.name) for row in rows} - {None}
        values = {value for value in values if (id(dependent), value) not in led}
        led |= {(id(dependent), value) for value in values}
        child = tables.by_name[dependent.column.table.name]
        found = _children(connection, child, dependent, sorted(values, key=str))
        if dependent.action == "CASCADE":
            if found:
                deleted(connection, tables, changes, child, found, led)
        else:
            changes.add(*(_cleared(child, dependent, row) for row in found))


def _children(
    connection: sa.Connection, child: Audited, dependent: Dependent, values: Sequence[Any]
) -> list[Mapping[str, Any]]:
    column = dependent.column
    return [
        dict(row)
        for part in chunks(values)
        for row in connection.execute(child.select().where(column.in_(part))).mappings()
    ]


def _cleared(child: Audited, dependent: Dependent, row: Mapping[str, Any]) -> RowChange | None:
    name = dependent.column.name
    default = getattr(dependent.column.server_default, "arg", None)
    now = None if dependent.action == "SET NULL" else default
    return updated(child, child.key_of(row), row, {name: now}, label_of(child, row))
