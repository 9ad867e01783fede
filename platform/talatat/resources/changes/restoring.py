"""`POST /<resources>/<id>:restore`: what was deleted comes back, under its id and with what belonged to it.

What a resource with `keeps_deleted` deletes stays in its tombstone: the row, the rows of extensions and
of its other parts. Restoring creates it from there: the hooks of a creation run, its version goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from talatat.resources.changes.following import Following
from talatat.resources.changes.keeping import unpacked
from talatat.resources.changes.noting import Noting
from talatat.resources.changes.scoping import visible
from talatat.resources.changes.versions import Rows, go_on, tombstone_of
from talatat.resources.extensions import attribute_of
from talatat.resources.writing import operations

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource
    from talatat.resources.declaration import Resource


def restores(declaration: type[Resource]) -> bool:
    """Whether a resource offers `:restore`: it keeps what can be deleted, and rows can be made."""
    return declaration.keeps_deleted and {"create", "delete"} <= set(declaration.operations)


def restore(bound: BoundResource, request: Request, identifier: str) -> operations.Written:
    """Restore a deleted row: 200. Problem 404 where nothing is kept, or not for this request to see."""
    noting: Noting = bound.resource.system.resources.noting
    noting.settle(request.db)
    tombstone = tombstone_of(bound, request, identifier) if bound.may_be_id(identifier) else None
    if tombstone is None or tombstone.kept is None:
        raise bound.missing(identifier)
    rows = {name: list(map(unpacked, kept)) for name, kept in tombstone.kept.items()}
    if not visible(bound, request, rows):
        raise bound.missing(identifier)
    with operations.constraints(bound):
        row = _made(bound, rows)
        before = _changes(bound, row)
        changes = dict(before)
        bound.hooks.run("before_create", request, row, changes)
        altered = {
            name: value
            for name, value in changes.items()
            if name not in before or value is not before[name]
        }
        if altered:
            operations.apply(bound, request, row, altered)
        request.db.add(row)
        request.db.flush()
        _insert_parts(bound, request, rows, noting.following)
        go_on(bound, request, row, tombstone)
        request.db.expire(row, sa.inspect(bound.model).relationships.keys())
        bound.hooks.run("after_create", request, row, changes)
        request.db.flush()
    return operations.Written(row, 200)


def _made(bound: BoundResource, rows: Rows) -> Any:
    """The row as it was, not yet in the session, with its extensions."""
    row = bound.model()
    _fill(row, sa.inspect(bound.model), rows)
    for one in bound.extensions:
        mapper = sa.inspect(one.attachment.extension)
        if rows.get(str(mapper.local_table.name)):
            extension = one.attachment.extension()
            _fill(extension, mapper, rows)
            setattr(row, one.addon, extension)
    return row


def _fill(row: Any, mapper: Any, rows: Rows) -> None:
    """Set the columns of `row`, but for those that are set at every write."""
    values: dict[str, Any] = {}
    for table in mapper.tables:
        for kept in rows.get(str(table.name), [])[:1]:
            values |= kept
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        written = getattr(column, "onupdate", None) or column is mapper.version_id_col
        if column.name in values and not written:
            setattr(row, attribute.key, values[column.name])


def _changes(bound: BoundResource, row: Any) -> dict[str, Any]:
    """What is created, for hooks: the fields that are columns of the row, by name."""
    columns = {one.key for one in sa.inspect(bound.model).column_attrs}
    nodes = [node for node in bound.schema.children if not getattr(node, "read_only", False)]
    return {
        str(node.name): getattr(row, attribute_of(node))
        for node in nodes
        if attribute_of(node) in columns
    }


def _insert_parts(
    bound: BoundResource, request: Request, rows: Mapping[str, Any], following: Following
) -> None:
    """Insert the rows of other parts, parents before children."""
    done = {str(table.name) for table in sa.inspect(bound.model).tables}
    for one in bound.extensions:
        done |= {str(table.name) for table in sa.inspect(one.attachment.extension).tables}
    parts = [following.tables[name].table for name in rows if name in following.tables]
    for table in sorted(parts, key=lambda table: str(table.name)):
        if table.name not in done:
            request.db.execute(sa.insert(table), rows[str(table.name)])
