"""Types that occur in many places are told once, so that a generated client has one type for each.

`json_schema` marks the schema of a type that says `shared = "money"`. Here each such schema becomes a
reference to the component of that name, which is made of the first one met; one that differs from it stays
where it is. What is said of the field (its description, that it may be null) stays with the field.
"""

from __future__ import annotations

from typing import Any

from talatat.composition import PLATFORM
from talatat.describing.shapes import ref
from talatat.schema.document import SHARED

# What may be said of a field beside its type.
_OF_FIELD = (
    "default", "deprecated", "description", "example", "examples", "readOnly", "title", "writeOnly",
)  # fmt: skip


def share(paths: dict[str, Any], components: dict[str, dict[str, Any]]) -> None:
    """Move marked schemas of `paths` and `components` to components of their own."""
    found: dict[str, Any] = {}
    for part in (paths, components):
        _share(part, found)
    components["schemas"].update(found)


def _share(part: Any, found: dict[str, Any]) -> None:
    if isinstance(part, dict):
        for one in part.values():
            _share(one, found)
        if isinstance(part.get(SHARED), str):
            _refer(part, found)
    elif isinstance(part, list):
        for one in part:
            _share(one, found)


def _refer(schema: dict[str, Any], found: dict[str, Any]) -> None:
    name = schema.pop(SHARED)
    said = {key: schema[key] for key in _OF_FIELD if key in schema}
    told = {key: value for key, value in schema.items() if key not in said}
    optional = isinstance(told["type"], list) and "null" in told["type"]
    if optional:
        kinds = [kind for kind in told["type"] if kind != "null"]
        told["type"] = kinds[0] if len(kinds) == 1 else kinds
    told["x-addon"] = PLATFORM
    if found.setdefault(name, told) != told:
        return
    schema.clear()
    schema.update({"anyOf": [ref(name), {"type": "null"}]} if optional else ref(name))
    schema.update(said)
