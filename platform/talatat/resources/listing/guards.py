"""Guards: whoever may not see a field must not find it out by filtering, sorting or searching.

A name that is guarded from a request is answered like a name that the resource does not have. A filter or
an order is guarded by its name and by the columns that it looks at, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import colander
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from talatat.resources.extensions import attribute_of
from talatat.resources.listing.reaching import Owners, needed_on_the_way

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource
    from talatat.resources.extensions import ExtensionFields
    from talatat.resources.listing.querying import Queries

Guards = dict[str, frozenset[str]]

SEARCH = "q"


class Guarded:
    """The columns of one resource whose fields take a permission to read."""

    def __init__(
        self, schema: Any, model: type[Any], extensions: Iterable[ExtensionFields]
    ) -> None:
        self._needed: dict[Any, frozenset[str]] = {}
        self._note(schema, model)
        for one in extensions:
            self._note(one.schema, one.attachment.extension)

    def _note(self, schema: Any, model: type[Any]) -> None:
        columns = {one.key: one.columns for one in sa.inspect(model).column_attrs}
        for node in schema.children:
            permission = getattr(node, "read_permission", None)
            if permission is None:
                continue
            for column in columns.get(attribute_of(node), ()):
                self._needed[column] = self._needed.get(column, frozenset()) | {permission}

    def of(self, expression: Any) -> Iterator[str]:
        """The permissions that reading an expression takes."""
        if hasattr(expression, "__clause_element__"):
            expression = expression.__clause_element__()
        if self._needed and isinstance(expression, sa.sql.ClauseElement):
            for part in visitors.iterate(expression):
                # An annotated copy of a column, as mapped attributes are, equals the column.
                yield from self._needed.get(part, ())


def guards_of(bound: BoundResource, queries: Queries, owners: Owners) -> Guards:
    """Name of a filter, an order or an open map -> the permissions that asking by it takes.

    Names that everybody may use are left out.
    """
    tops: dict[str, Any] = {one.addon: one.schema for one in bound.extensions}
    tops |= {one.name: one for one in bound.schema}
    names = {*queries.filters, *queries.sorts, *bound.resource.open_maps}
    found = {name: set(_needed(tops, name.split("."))) for name in names}
    for name, one in queries.filters.items():
        found[name].update(bound.guarded.of(one.column))
        found[name].update(needed_on_the_way(owners, one.path, one.column))
    for name, key in queries.sorts.items():
        found[name].update(bound.guarded.of(key.column))
    found[SEARCH] = set(_searched(bound, tops))
    return {name: frozenset(needed) for name, needed in found.items() if needed}


def hidden(guards: Mapping[str, frozenset[str]], request: Any) -> frozenset[str]:
    """The names that this request may not use."""
    return frozenset(
        name
        for name, needed in guards.items()
        if not all(request.has_permission(permission) for permission in needed)
    )


def _searched(bound: BoundResource, tops: dict[str, Any]) -> Iterator[str]:
    """The permissions of the fields that a search looks at: all of them, where nobody says which."""
    said = bound.declaration.searched
    if said is None:
        yield from bound.representation.permissions
    for name in said or ():
        yield from _needed(tops, name.split("."))


def _needed(tops: dict[str, Any], path: list[str]) -> Iterator[str]:
    top, *below = path
    node = tops.get(top)
    while node is not None:
        if permission := getattr(node, "read_permission", None):
            yield permission
        if isinstance(node.typ, colander.Sequence):
            node = node.children[0]
        else:
            node = node[below.pop(0)] if below and below[0] in node else None
