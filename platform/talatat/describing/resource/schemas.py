"""The schemas of a resource: what is shown, what bodies hold, a page."""

from __future__ import annotations

from typing import Any

from talatat.describing.resource.batch import batch_schemas
from talatat.describing.resource.changes import changes_schemas
from talatat.describing.resource.searching import search_schemas
from talatat.describing.resource.telling import Telling
from talatat.describing.shapes import answer_schema, body_schema, described, page_schema, ref
from talatat.resources.declaration import actions_of
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
        found.update(search_schemas(told))
    found.update(batch_schemas(told))
    found.update(changes_schemas(told))
    for one in told.bound.extensions:
        read = _extension(one, "read")
        _tell_relations(told, read, (one.addon,))
        found[f"{told.name}.{one.addon}"] = read
        for form in forms:
            found[f"{told.name}.{form}.{one.addon}"] = _extension(one, form)
    for action in actions_of(told.declaration):
        if action.body is not None:
            found[f"{told.name}.{action.verb}.body"] = body_schema(told.bound.addon, action.body())
        if action.response is not None:
            found[f"{told.name}.{action.verb}.result"] = answer_schema(
                told.bound.addon, action.response()
            )
    return found


def _page(told: Telling) -> dict[str, Any]:
    page = page_schema(told.bound.addon, ref(told.name))
    page["properties"]["count"] = {
        "type": "integer",
        "minimum": 0,
        "description": "Rows on all pages, where `count` asks for it",
    }
    return page


def _schema(told: Telling, form: Form) -> dict[str, Any]:
    schema = json_schema(told.bound.schema, form)
    schema["x-addon"] = told.bound.addon
    schema = described(schema, told.bound.schema)
    for one in told.bound.extensions:
        name = told.name if form == "read" else f"{told.name}.{form}"
        below: dict[str, Any] = ref(f"{name}.{one.addon}")
        if form != "read" and one.sparse:
            below = {"anyOf": [below, {"type": "null"}]}
        schema["properties"][one.addon] = below
    if form == "read":
        _tell_relations(told, schema)
    return schema


def _tell_relations(told: Telling, schema: dict[str, Any], above: tuple[str, ...] = ()) -> None:
    """Add what `expand=` puts into `schema`, which stands at the path `above`."""
    extensions = {one.addon for one in told.bound.extensions}
    for relation in told.bound.plans.relations.values():
        top = relation.path[:1] if relation.path[0] in extensions else ()
        if top != above:
            continue
        at = schema
        for name in relation.path[len(above) : -1]:
            at = at["properties"][name]
            at = at.get("items", at)
        at["properties"][relation.path[-1]] = {
            "anyOf": [ref(relation.target.full_name), {"type": "null"}],
            "description": f"With `expand={relation.name}`; null where none is to be seen",
            "readOnly": True,
            "x-expand": relation.name,
        }


def _extension(extension: Any, form: Form) -> dict[str, Any]:
    return {**json_schema(extension.schema, form), "x-addon": extension.addon}
