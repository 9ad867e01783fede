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


def uses_by_fields(registry: Any) -> Iterator[Use]:
    """The permissions of the fields of every resource, and of the fields that others add to it."""
    for bound in registry.system.resources.values():
        yield from _of_fields(bound.schema, bound.full_name, bound.introspectable)
        for extension in bound.extensions:
            place = f"{bound.full_name}.{extension.addon}"
            yield from _of_fields(extension.schema, place, extension.introspectable)


def _of_fields(node: Any, place: str, intr: Any) -> Iterable[Use]:
    for child in node.children:
        for key, verb in FIELD_KEYS.items():
            if permission := getattr(child, key, None):
                yield Use(permission, f"{verb} the field {place}.{child.name}", intr)
        yield from _of_fields(child, f"{place}.{child.name}", intr)
