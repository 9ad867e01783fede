"""`:search` of a resource: its body with the tree of conditions, and the page that it answers."""

from __future__ import annotations

import json
from typing import Any

from talatat.describing.failures import failures
from talatat.describing.resource.telling import Operation, Telling
from talatat.describing.shapes import content, page_schema, ref
from talatat.resources.listing.counting import COUNTS
from talatat.resources.listing.filters import MAX_VALUES, OPERATORS, Filter
from talatat.resources.listing.trees import DEEPEST, MAX_CONDITIONS

DESCRIPTION = f"""A list whose conditions are a tree of `and`, `or` and `not`.

The conditions are those of the list, with typed values; `not` finds exactly what its condition does not
find. At most {MAX_CONDITIONS} conditions, nested {DEEPEST} deep. The other members are the parameters of the
list. The page leads on by `next_cursor` and `prev_cursor`, sent back as `cursor` with the same search."""

ANY = {"type": ["string", "number", "boolean"]}


def search_operation(told: Telling) -> Operation:
    """`POST /<resources>:search`."""
    page = {"description": "A page", "content": content(ref(f"{told.name}.search_page"))}
    return told.operation(
        "search",
        f"Search {told.title}",
        {"200": page, **failures(401, 403)},  # an exact count takes a permission
        unsafe=True,
        permission=told.bound.permission("list"),
        description=DESCRIPTION,
        requestBody=told.body("search"),
    )


def search_schemas(told: Telling) -> dict[str, Any]:
    """The schemas of the body, of its tree and of the answer."""
    return {
        f"{told.name}.search": _body(told),
        f"{told.name}.where": _where(told),
        f"{told.name}.search_page": _page(told),
    }


def _body(told: Telling) -> dict[str, Any]:
    text = {"type": "string"}
    members: dict[str, Any] = {
        "where": ref(f"{told.name}.where"),
        "sort": told.sort(),
        "limit": told.limit(),
        "cursor": {**text, "description": "`next_cursor` or `prev_cursor` of another page"},
        **{one["name"]: _member(one) for one in told.showing()},
        "count": {**text, "enum": list(COUNTS)},
    }
    if told.declaration.search:
        members["q"] = told.text()
    return {
        "type": "object",
        "x-addon": told.bound.addon,
        "description": f"What to find among {told.title}",
        "additionalProperties": False,
        "properties": members,
        "examples": [{"where": EXAMPLE, "limit": 20}],
    }


def _member(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter of the list as a member of the body."""
    found = {**parameter["schema"], "description": parameter["description"]}
    return found | ({"examples": [parameter["example"]]} if "example" in parameter else {})


EXAMPLE = {"not": {"field": "id", "op": "isnull", "value": True}}


def _where(told: Telling) -> dict[str, Any]:
    tree = ref(f"{told.name}.where")
    several = {"type": "array", "minItems": 1, "maxItems": MAX_CONDITIONS, "items": tree}
    forms = [
        _object(["and"], {"and": several}),
        _object(["or"], {"or": several}),
        _object(["not"], {"not": tree}),
        *_conditions(told),
    ]
    # Generators that cannot make a type of a choice that contains itself make a class of these members.
    members = {
        "and": several,
        "or": several,
        "not": tree,
        "field": {"type": "string", "description": "The name of a filter"},
        "op": {"type": "string", "enum": list(OPERATORS)},
        "value": {"type": [*ANY["type"], "array"], "items": ANY, "description": "Of its type"},
    }
    return {
        **_object([], members),
        "x-addon": told.bound.addon,
        "description": "A condition, or conditions joined",
        "allOf": [{"anyOf": forms}],
        "examples": [EXAMPLE],
    }


def _conditions(told: Telling) -> list[dict[str, Any]]:
    """The forms of a condition: filters whose values have one schema for the same operators share one."""
    forms: dict[str, tuple[list[str], tuple[str, ...], dict[str, Any]]] = {}
    for one in told.bound.queries.filters.values():
        for ops, value in _values(one):
            key = json.dumps([ops, value], sort_keys=True)
            forms.setdefault(key, ([], ops, value))[0].append(one.name)
    found = [
        _condition({"type": "string", "enum": names}, ops, value)
        for names, ops, value in forms.values()
    ]
    for prefix in told.declaration.open_maps:
        field = {"type": "string", "pattern": rf"^{prefix}\..+", "examples": [f"{prefix}.colour"]}
        found += [_condition(field, ops, value) for ops, value in _forms(OPERATORS, ANY)]
    return found


def _values(one: Filter) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    value = dict(one.schema)
    if one.custom is not None and value == {"type": "string"}:  # which says no more than that
        value = ANY
    return _forms(one.operators, value)


def _forms(
    operators: tuple[str, ...], value: dict[str, Any]
) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """[(operators, schema of their value)]: of one value, of a list, of `isnull`."""
    listed = {"type": "array", "maxItems": MAX_VALUES, "items": value}
    kinds = (("in", "nin"), listed), (("isnull",), {"type": "boolean"})
    several = {op for ops, _ in kinds for op in ops}
    found = [(tuple(op for op in operators if op not in several), value)]
    found += [(tuple(op for op in operators if op in ops), schema) for ops, schema in kinds]
    return [(ops, schema) for ops, schema in found if ops]


def _condition(
    field: dict[str, Any], ops: tuple[str, ...], value: dict[str, Any]
) -> dict[str, Any]:
    op: dict[str, Any] = {"type": "string", "enum": list(ops)}
    required = ["field", "value"]
    if "eq" in ops:
        op["default"] = "eq"
    else:
        required.append("op")
    return _object(required, {"field": field, "op": op, "value": value})


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "additionalProperties": False,
        "properties": properties,
    }


def _page(told: Telling) -> dict[str, Any]:
    page = page_schema(told.bound.addon, ref(told.name))
    for name in ("next", "prev"):
        page["properties"][name] = {"type": "null", "description": f"See `{name}_cursor`"}
        cursor = {"type": ["string", "null"], "description": "null where there is no such page"}
        page["properties"][f"{name}_cursor"] = cursor
        page["required"].append(f"{name}_cursor")
    page["properties"]["count"] = {"type": "integer", "minimum": 0}
    return page
