"""Rows as they are now, asked of the database for what a statement does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from talatat.resources.changes.statements import chunks
from talatat_audit.capturing.tables import Audited

Key = tuple[Any, ...]
Values = dict[str, Any]


def are(columns: Sequence[Any], keys: Sequence[Key]) -> Any:
    """The condition that `columns` have one of the values `keys`."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.tuple_(*columns).in_(list(keys))


def matching(
    connection: sa.Connection,
    audited: Audited,
    names: Sequence[str],
    values: Sequence[Key],
    *,
    lock: bool = False,
) -> dict[Key, Values]:
    """The rows whose columns `names` have one of `values`, by key."""
    table = audited.table
    columns = [table.c[name] for name in names]
    found: dict[Key, Values] = {}
    for part in chunks(values):
        query = audited.select().where(are(columns, part))
        if lock and connection.dialect.name == "postgresql":
            query = query.with_for_update(key_share=True)
        for row in connection.execute(query).mappings():
            key = audited.key_of(row)
            if key is not None:
                found[key] = dict(row)
    return found


def rows(
    connection: sa.Connection, audited: Audited, keys: Any, *, lock: bool = False
) -> dict[Key, Values]:
    """The rows with these keys, as they are now."""
    wanted = list(keys)
    if not wanted:
        return {}
    names = [column.name for column in audited.keys]
    return matching(connection, audited, names, wanted, lock=lock)
