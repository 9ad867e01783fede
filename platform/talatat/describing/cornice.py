"""A hand-written Cornice service in OpenAPI, as far as its definitions tell.

Beside Cornice's own options a view may say, for this document alone:

    @tokens.post(schema=TokenBody, status=201, response=MintedSchema, headers=("Location",),
                 problems={"too_many_attempts": (429, "Too many failed logins.")})

`status` and `response` (a colander schema) are what it answers, `headers` the names of headers beside
the usual ones, `problems` the codes that it raises ({} for none but the usual ones), `operation` the last
part of its operationId.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import colander

from talatat.composition import PLATFORM
from talatat.describing.headers import headers
from talatat.describing.shapes import content, operation, parameter
from talatat.resources.declaration import problems_of
from talatat.schema.document import json_schema

if TYPE_CHECKING:
    from cornice.service import Service

PLACEHOLDER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
LOCATIONS = {"querystring": "query", "path": "path", "header": "header", "headers": "header"}
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}
DEFAULT = {"default": {"$ref": "#/components/responses/problem"}}


def service_paths(service: Service, registry: Any) -> dict[str, Any]:
    """The path of a service with its methods; empty where it has none to tell of."""
    pattern, route = _route_of(service, registry)
    names = [name for name, _ in PLACEHOLDER.findall(pattern)]
    path = PLACEHOLDER.sub(lambda match: "{" + match[1] + "}", pattern)
    path = re.sub(r"\*(\w+)$", r"{\1}", path)  # what remains of the path, as Pyramid writes it
    names += re.findall(r"\*(\w+)$", pattern)
    addon = PLATFORM if route is None else str(route.get("addon", PLATFORM))
    found: dict[str, Any] = {}
    for method, view, arguments in service.definitions:
        if method in ("HEAD", "OPTIONS") or method.lower() in found:
            continue
        found[method.lower()] = _operation(service, addon, method, view, arguments, names)
    return {path: found} if found else {}


def _route_of(service: Service, registry: Any) -> tuple[str, Any]:
    """The pattern of the route with its prefix, and its introspectable."""
    name = service.pyramid_route or service.name
    route = registry.introspector.get("routes", name)
    pattern = str(route["pattern"]) if route is not None else str(service.path)
    return "/" + pattern.lstrip("/"), route


def _operation(
    service: Service, addon: str, method: str, view: Any, arguments: Any, names: list[str]
) -> dict[str, Any]:
    doc = inspect.cleandoc(getattr(view, "__doc__", None) or service.description or "")
    body, parameters = _schema_of(arguments)
    known = {one["name"] for one in parameters if one["in"] == "path"}
    parameters = [
        parameter(name, {"type": "string"}, f"The {name} in the path", "path")
        for name in names
        if name not in known
    ] + parameters
    more: dict[str, Any] = {"parameters": parameters}
    if body is not None and method in UNSAFE:
        more["requestBody"] = {"required": True, "content": content({**body, "x-addon": addon})}
    noun = service.name.removeprefix(f"{addon}.")
    return operation(
        addon,
        f"{addon}.{noun}.{arguments.get('operation') or VERBS[method]}",
        doc.partition("\n")[0] or f"{method} {service.name}",
        arguments.get("permission"),
        _responses(addon, arguments),
        unsafe=method in UNSAFE,
        description=doc,
        problems=problems_of(arguments.get("problems")),
        **more,
    )


def _responses(addon: str, arguments: Any) -> dict[str, Any]:
    """What the view says it answers; 200 with anything where it says nothing.

    A view that says which problems it raises is told whole; of any other nobody can know.
    """
    status, response = arguments.get("status", 200), arguments.get("response")
    answer: dict[str, Any] = {"description": "Done"}
    if response is not None:
        schema = json_schema(response() if isinstance(response, type) else response)
        answer["content"] = content({**schema, "x-addon": addon})
    elif status != 204:
        answer["content"] = content({})
    if names := arguments.get("headers"):
        answer["headers"] = headers(*names)
    rest = {} if arguments.get("problems") is not None else DEFAULT
    return {str(status): answer, **rest}


def _schema_of(arguments: Any) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """(body, parameters) by the definition's colander schema and its validators."""
    schema = arguments.get("schema")
    if isinstance(schema, type) and issubclass(schema, colander.MappingSchema):
        schema = schema()
    if not isinstance(schema, colander.SchemaNode):
        return None, []
    names = {getattr(one, "__qualname__", "") for one in arguments.get("validators", ())}
    modules = {getattr(one, "__name__", "") for one in arguments.get("validators", ())}
    if "validator" in modules:  # one schema for all places
        return _by_place(schema)
    place = _place_of_validators(arguments)
    if place == "body" or not names:
        return json_schema(schema, "create"), []
    return None, _parameters(schema, LOCATIONS[place])


def _place_of_validators(arguments: Any) -> str:
    """Which part of the request Cornice's one-place validators read; the body where none is known."""
    from cornice import validators

    known = {
        validators.colander_querystring_validator: "querystring",
        validators.colander_path_validator: "path",
        validators.colander_headers_validator: "header",
    }
    for one in arguments.get("validators", ()):
        if one in known:
            return known[one]
    return "body"


def _by_place(schema: colander.SchemaNode) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    body, parameters = None, []
    for part in schema.children:
        if part.name == "body":
            body = json_schema(part, "create")
        elif part.name in LOCATIONS:
            parameters += _parameters(part, LOCATIONS[part.name])
    return body, parameters


def _parameters(schema: colander.SchemaNode, where: str) -> list[dict[str, Any]]:
    found = []
    for node in schema.children:
        one = parameter(node.name, json_schema(node, "create"), str(node.description or ""), where)
        one["required"] = where == "path" or node.required
        found.append(one)
    return found
