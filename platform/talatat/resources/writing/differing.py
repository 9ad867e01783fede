"""Two JSON documents of one row, and what of their difference was meant as a write.

A document that a client has changed still holds what may not be written, as it was shown. Where that
is unchanged it says nothing; where it is changed, the schema's reader refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import colander

REMOVED: Any = object()
"""Stands for the value of a member that is not there any more."""

Clean = Callable[[Any], Any]


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The members of `after` that `before` has not, or has otherwise; REMOVED for those that are gone."""
    found = {
        name: value
        for name, value in after.items()
        if name not in before or canonical(before[name]) != canonical(value)
    }
    return found | {name: REMOVED for name in before if name not in after}


def writable(
    schema: colander.SchemaNode, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """`after` without the read-only members, inside of its fields, that it shares with `before`."""
    cleaned = dict(after)
    for node in schema.children:
        clean = _cleaner(node, [before[node.name]]) if node.name in before else None
        if clean is not None and node.name in cleaned:
            cleaned[node.name] = clean(cleaned[node.name])
    return cleaned


def canonical(value: Any) -> str:
    """A text that is the same for documents that are."""
    return json.dumps(value, sort_keys=True, default=str)


def _cleaner(node: colander.SchemaNode, known: Iterable[Any]) -> Clean | None:
    """What drops shared read-only members below `node`, of which `known` are shown; None: nothing."""
    if isinstance(node.typ, colander.Sequence):
        items = [item for one in known if isinstance(one, list) for item in one]
        clean = _cleaner(node.children[0], items)
        if clean is None:
            return None
        return lambda value: list(map(clean, value)) if isinstance(value, list) else value
    if isinstance(node.typ, colander.Mapping):
        return _object_cleaner(node, [one for one in known if isinstance(one, dict)])
    return None


def _object_cleaner(node: colander.SchemaNode, known: list[dict[str, Any]]) -> Clean | None:
    shown: dict[str, set[str]] = {}
    below: dict[str, Clean] = {}
    for child in node.children:
        values = [one[child.name] for one in known if child.name in one]
        if getattr(child, "read_only", False):
            shown[child.name] = {canonical(one) for one in values}
        elif clean := _cleaner(child, values):
            below[child.name] = clean
    if not shown and not below:
        return None

    def cleaned(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: below[name](one) if name in below else one
            for name, one in value.items()
            if name not in shown or canonical(one) not in shown[name]
        }

    return cleaned
