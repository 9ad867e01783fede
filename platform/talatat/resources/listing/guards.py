"""Guards: whoever may not see a field must not find it out by filtering or sorting by it.

A name that is guarded from a request is answered like a name that the resource does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import colander

if TYPE_CHECKING:
    from talatat.resources.extensions import ExtensionFields

Guards = dict[str, frozenset[str]]


def guards_of(names: Iterable[str], schema: Any, extensions: Iterable[ExtensionFields]) -> Guards:
    """Name of a filter, an order or an open map -> the permissions that reading its field takes.

    Names of fields that everybody may read are left out.
    """
    tops = {one.addon: one.schema for one in extensions} | {one.name: one for one in schema}
    found = {name: frozenset(_needed(tops, name.split("."))) for name in names}
    return {name: needed for name, needed in found.items() if needed}


def hidden(guards: Guards, request: Any) -> frozenset[str]:
    """The names that this request may not use."""
    return frozenset(
        name
        for name, needed in guards.items()
        if not all(request.has_permission(permission) for permission in needed)
    )


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
