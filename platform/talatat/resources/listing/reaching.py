"""Filters through a relation: what of the rows that it leads to a request may ask about.

`customer.email=...` on orders tells of customers. So it takes the permission of reading customers and of
the field, and finds such customers only as the request may see: one outside of its scope is as if it were
not there. Rows that no resource shows, such as the lines of an order, belong to the row that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from talatat.resources.showing.relations import PUBLIC, reading_permission
from talatat.security.narrowing import READ, access

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource

Owners = Mapping[type[Any], "BoundResource"]
"""Model -> the resource whose rows it holds."""

Within = Callable[[Any], Any]
"""Relationship -> the condition on the rows that it leads to, or None where all of them may be seen."""


def owners_of(resources: Iterable[BoundResource]) -> Owners:
    """The first resource of each model in the order of composition; one that is read comes first."""
    found: dict[type[Any], BoundResource] = {}
    for bound in resources:
        known = found.get(bound.model)
        if known is None or (
            reading_permission(known) is None and reading_permission(bound) is not None
        ):
            found[bound.model] = bound
    return found


def everywhere(relation: Any) -> Any:
    """No limit, where nobody asks: for a filter that is compiled apart from any request."""
    return None


def within(owners: Owners, request: Request) -> Within:
    """The limits of a request: the scope of each resource that a relation leads to."""

    def limit(relation: Any) -> Any:
        target = owners.get(relation.property.mapper.class_)
        if target is None:
            return None
        everything = sa.select(target.model)
        scoped = target.resource.scope(request, everything)
        if scoped is everything:
            return None
        seen = scoped.with_only_columns(target.identifier, maintain_column_froms=True)
        # It stands inside of an EXISTS over the same table: without this that one's rows are meant.
        return target.identifier.in_(seen.order_by(None).correlate(None))

    return limit


def needed_on_the_way(owners: Owners, path: Iterable[Any], column: Any) -> Iterator[str]:
    """The permissions of reading the rows on a path of relations, and the field at its end."""
    for relation in path:
        target = owners.get(relation.property.mapper.class_)
        if target is None:
            continue
        yield access(target.full_name, READ)  # a token may be narrowed to other resources
        permission = reading_permission(target)
        if permission not in (None, PUBLIC):
            yield str(permission)
        yield from target.guarded.of(column)
