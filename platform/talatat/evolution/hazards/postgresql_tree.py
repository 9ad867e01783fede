"""Walking libpg_query's parse trees: nested dictionaries, each node wrapped in its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def the(wrapped: Node) -> tuple[str, Node]:
    """The kind and the fields of a wrapped node."""
    return next(iter(wrapped.items()), ("", {}))


def flag(body: Node, field: str) -> bool:
    """A boolean field; false ones are left out of the tree."""
    return bool(body.get(field, False))


def relation(body: Node) -> str:
    """The name of a table as the rules say it: without a schema when that is `public`."""
    schema = body.get("schemaname", "public")
    name: str = body["relname"]
    return name if schema == "public" else f"{schema}.{name}"


def names(value: Any) -> list[str]:
    """The parts of a name that the tree holds as strings, however they are wrapped."""
    if isinstance(value, list):
        return [part for one in value for part in names(one)]
    if not isinstance(value, dict):
        return []
    kind, body = the(value)
    if kind == "String":
        return [str(body.get("sval", ""))]
    if kind == "List":
        return names(body.get("items", []))
    if kind in {"TypeName", "ObjectWithArgs"}:
        return names(body.get("names") or body.get("objname") or [])
    if kind == "RangeVar":
        return relation(body).split(".")
    return []


def nodes(value: Any) -> Iterator[tuple[str, Node]]:
    """Every node below `value`, itself included, with its kind; not recursive, for trees are deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            for kind, body in one.items():
                if isinstance(body, dict):
                    yield kind, body
            waiting += reversed(list(one.values()))


def walk(value: Any, kind: str) -> Iterator[Node]:
    """Every node of one kind below `value`."""
    return (body for found, body in nodes(value) if found == kind)


def strings(value: Any) -> Iterator[str]:
    """Every text constant below `value`."""
    for constant in walk(value, "A_Const"):
        if "sval" in constant:
            yield constant["sval"].get("sval", "")
