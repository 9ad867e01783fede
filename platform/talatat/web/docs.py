"""`/docs`: the OpenAPI document as a page for people, and `/docs/problems`: what error codes mean.

Rendered here, without scripts: it works under the strict content security policy of all pages, and
in a text browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talatat.composition import PLATFORM
from talatat.problems import CODES
from talatat.resources.declaration import actions_of
from talatat.web.api import documents

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request


def docs(request: Request) -> dict[str, Any]:
    """What the template shows: the operations of each addon, the schemas."""
    document = documents(request).whole
    addons: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method, operation in item.items():
            if method != "parameters":
                shown = _operation(method, path, operation, shared)
                addons[operation["x-addon"]].append(shown)
    summaries = {tag["name"]: tag["description"] for tag in document["tags"]}
    schemas = document["components"]["schemas"]
    return {
        "info": document["info"],
        "addons": [(name, summaries[name], found) for name, found in addons.items() if found],
        "schemas": [
            (name, schema["x-addon"], _properties(schema)) for name, schema in schemas.items()
        ],
    }


def _operation(
    method: str, path: str, operation: dict[str, Any], shared: list[Any]
) -> dict[str, Any]:
    body = operation.get("requestBody")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "permission": operation["x-permission"],
        "parameters": _grouped([*shared, *operation.get("parameters", [])]),
        "bodies": [_media(*pair) for pair in body["content"].items()] if body else [],
        "responses": [_response(*pair) for pair in operation["responses"].items()],
    }


def _grouped(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each name, with the operators that it takes in brackets."""
    found: dict[str, dict[str, Any]] = {}
    for one in parameters:
        name, bracket, op = one["name"].partition("[")
        entry = found.setdefault(
            name,
            {
                "name": name,
                "in": one["in"],
                "type": kind(one["schema"]),
                "required": one.get("required", False),
                "description": one["description"],
                "operators": [],
            },
        )
        if bracket:
            entry["operators"].append(op.rstrip("]"))
    return list(found.values())


def _media(media_type: str, media: dict[str, Any]) -> dict[str, Any]:
    schema = media["schema"]
    return {
        "type": media_type,
        "kind": kind(schema),
        "ref": _name(schema),
        "properties": _properties(schema),
    }


def _response(status: str, response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        return {"status": status, "description": "A problem", "ref": "problem"}
    media: dict[str, Any] = next(iter(response.get("content", {}).values()), {"schema": {}})
    return {"status": status, "description": response["description"], "ref": _name(media["schema"])}


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _properties(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "type": kind(below),
            "ref": _name(below) or _name(below.get("items", {})),
            "required": name in required,
            "read_only": below.get("readOnly", False),
            "description": below.get("description", ""),
            "limits": _limits(below),
        }
        for name, below in schema.get("properties", {}).items()
    ]


def kind(schema: dict[str, Any]) -> str:
    """A schema in a few words: `string (uuid) or null`, `list of catalog.products`."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    names = schema.get("type", "anything")
    names = [names] if isinstance(names, str) else list(names)
    words = []
    for name in names:
        if name == "array":
            words.append(f"list of {kind(schema.get('items', {}))}")
        elif name == "string" and "format" in schema:
            words.append(f"string ({schema['format']})")
        else:
            words.append(name)
    return " or ".join(words)


def _limits(schema: dict[str, Any]) -> str:
    words = {
        "minimum": "at least {}", "maximum": "at most {}",
        "minLength": "{} characters or more", "maxLength": "up to {} characters",
        "minItems": "{} items or more", "maxItems": "up to {} items",
        "pattern": "matches {}", "default": "{} where left out",
    }  # fmt: skip
    found = [text.format(schema[name]) for name, text in words.items() if name in schema]
    if "enum" in schema:
        found.append("one of " + ", ".join(str(one) for one in schema["enum"] if one is not None))
    return "; ".join(found)


def problems(request: Request) -> dict[str, Any]:
    """The codes of the platform, and those that actions of addons add."""
    added: dict[str, dict[str, str]] = {}
    for bound in request.registry.system.resources.values():
        for action in actions_of(bound.declaration):
            added.setdefault(bound.addon, {}).update(action.problems)
    groups = [(PLATFORM, CODES), *((name, codes) for name, codes in added.items() if codes)]
    return {"groups": groups}


def includeme(config: Configurator) -> None:
    """Register both pages and their style sheet, all public."""
    config.include("pyramid_jinja2")
    config.add_static_view(
        "docs/assets", "talatat.web:assets", cache_max_age=3600, permission="public"
    )
    for name, pattern, view, template in (
        ("talatat.docs", "/docs", docs, "docs.jinja2"),
        ("talatat.docs.problems", "/docs/problems", problems, "problems.jinja2"),
    ):
        config.add_route(name, pattern)
        config.add_view(
            view,
            route_name=name,
            request_method="GET",
            renderer=f"talatat.web:templates/{template}",
            permission="public",
        )
