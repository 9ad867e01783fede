"""The schemas of a resource: what is shown, what bodies hold, a page."""

from __future__ import annotations

from typing import Any

from talatat.describing.resource.telling import Telling
from talatat.describing.shapes import ref
from talatat.schema.document import Form, json_schema

BODIES: tuple[Form, ...] = ("create", "replace", "patch")


def schemas_of(told: Telling) -> dict[str, Any]:
    """{name: schema} of one resource with its extensions."""
    found = {told.name: _schema(told, "read")}
    forms = [form for form in BODIES if form in told.operations]
    for form in forms:
        found[f"{told.name}.{form}"] = _schema(told, form)
    if "list" in told.operations:
        found[f"{told.name}.page"] = _page(told)
    for one in told.bound.extensions:
        found[f"{told.name}.{one.addon}"] = _extension(one, "read")
        for form in forms:
            found[f"{told.name}.{form}.{one.addon}"] = _extension(one, form)
    return found


def _page(told: Telling) -> dict[str, Any]:
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "description": f"A page of {told.title}",
        "x-addon": told.bound.addon,
        "required": ["items", "next", "prev"],
        "properties": {
            "items": {"type": "array", "items": ref(told.name)},
            "next": {**link, "description": "The page after this one; null on the last"},
            "prev": {**link, "description": "The page before this one; null on the first"},
        },
    }


def _schema(told: Telling, form: Form) -> dict[str, Any]:
    schema = json_schema(told.bound.schema, form)
    schema["x-addon"] = told.bound.addon
    for one in told.bound.extensions:
        name = told.name if form == "read" else f"{told.name}.{form}"
        below: dict[str, Any] = ref(f"{name}.{one.addon}")
        if form != "read" and one.sparse:
            below = {"anyOf": [below, {"type": "null"}]}
        schema["properties"][one.addon] = below
    return schema


def _extension(extension: Any, form: Form) -> dict[str, Any]:
    return {**json_schema(extension.schema, form), "x-addon": extension.addon}
