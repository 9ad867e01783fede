"""Versions that go on: a row that is made under the id of a deleted one continues its count.

Otherwise an ETag from before the deletion would match again as soon as the new row has been changed as
often. The last version stands in the tombstone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from talatat.resources.changes.following import owner_of
from talatat.resources.changes.table import change

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource

Rows = dict[str, list[dict[str, Any]]]
"""Kept rows by the name of their table."""


@dataclass(frozen=True)
class Tombstone:
    """What is left of a deleted row: its last version and, where they are kept, its values."""

    version: int | None
    kept: Rows | None


def tombstone_of(bound: BoundResource, request: Request, identifier: str) -> Tombstone | None:
    """The tombstone of a row, locked; None where the row was never deleted."""
    key = (owner_of(bound.model), str(bound.parse_id(identifier)))
    noted = bound.resource.system.resources.noting.noted(request.db, key)
    if noted is not None:  # earlier in this transaction
        return Tombstone(noted.version, None) if noted.deleted else None
    query = (
        sa.select(change.c.version, change.c.kept)
        .where(change.c.table_name == key[0], change.c.row_id == key[1], change.c.deleted)
        .with_for_update()
    )
    found = request.db.execute(query).one_or_none()
    return None if found is None else Tombstone(*found)


def go_on(bound: BoundResource, request: Request, row: Any, tombstone: Tombstone | None) -> None:
    """Let the version of a row that was just made follow that of the deleted one."""
    version = None if tombstone is None else tombstone.version
    column = sa.inspect(bound.model).version_id_col
    if version is None or column is None:
        return
    key = sa.inspect(bound.model).get_property_by_column(column).key
    own = bound.identifier == row.id
    request.db.execute(
        sa.update(column.table).where(own).values({column: version + 1}),
        execution_options={"synchronize_session": False},
    )
    set_committed_value(row, key, version + 1)
