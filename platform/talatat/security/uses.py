"""Where a finished composition asks for permissions: in its views and in the fields of its resources."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

FIELD_KEYS = {"read_permission": "reading", "write_permission": "writing"}


@dataclass(frozen=True)
class Use:
    """A place that asks for a permission; `what` is worded for a person."""

    permission: str
    what: str
    intr: Any = field(default=None, compare=False, repr=False)


def uses_by_views(registry: Any) -> Iterator[Use]:
    """The permission of every view that is registered, with the view's own introspectable."""
    for item in registry.introspector.get_category("views", default=()):
        intr = item["introspectable"]
        permission = getattr(intr.get("derived_callable"), "__permission__", None)
        if permission is not None:
            yield Use(permission, f"view {intr.title}", intr)


@dataclass(frozen=True)
class Field:
    """A field of a resource, or one within it: what says `name` stands in `nodes`, the outermost first.

    `schema` is what the last node is a child of, `intr` tells who declared it.
    """

    name: str
    nodes: tuple[Any, ...]
    schema: Any
    intr: Any


def fields_of(resources: Iterable[Any]) -> Iterator[Field]:
    """The fields of every resource, and those that others add to it."""
    for bound in resources:
        yield from _below(bound.schema, bound.full_name, (), bound.introspectable)
        for one in bound.extensions:
            yield from _below(one.schema, f"{bound.full_name}.{one.addon}", (), one.introspectable)


def _below(schema: Any, place: str, nodes: tuple[Any, ...], intr: Any) -> Iterator[Field]:
    for node in schema.children:
        field = Field(f"{place}.{node.name}", (*nodes, node), schema, intr)
        yield field
        yield from _below(node, field.name, field.nodes, intr)


def uses_by_fields(resources: Iterable[Any]) -> Iterator[Use]:
    """The permissions of the fields."""
    for one in fields_of(resources):
        for key, verb in FIELD_KEYS.items():
            if permission := getattr(one.nodes[-1], key, None):
                yield Use(permission, f"{verb} the field {one.name}", one.intr)
