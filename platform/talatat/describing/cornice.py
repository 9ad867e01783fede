"""A hand-written Cornice service in OpenAPI, as far as its definitions tell.

Beside Cornice's own options a view may say, for this document alone:

    @tokens.post(schema=TokenBody, status=201, response=MintedSchema, headers=("Location",),
                 problems={"too_many_attempts": (429, "Too many failed logins.")})

`status` and `response` are what it answers: a colander schema, or `[schema]` for a page of such. `headers` are the names of
headers beside the usual ones, `problems` the codes that it raises ({} for none but the usual ones),
`operation` is the last part of its operationId.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import colander

from talatat.composition import PLATFORM
from talatat.describing.failures import failures
from talatat.describing.headers import headers
from talatat.describing.shapes import (
    answer_schema,
    body_schema,
    content,
    operation,
    page_schema,
    parameter,
    ref,
)
from talatat.resources.declaration import problems_of
from talatat.schema.document import json_schema
from talatat.services import negotiates

if TYPE_CHECKING:
    from cornice.service import Service

PLACEHOLDER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
# Pyramid reads a bare `:verb` as an old-style placeholder, so that it stands in a pattern like this.
VERB = re.compile(r"\{_verb::([\w-]+)\}")
LOCATIONS = {"querystring": "query", "path": "path", "header": "header", "headers": "header"}
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}
DEFAULT = {"default": {"$ref": "#/components/responses/problem"}}


Described = tuple[dict[str, Any], dict[str, Any]]


def describe_service(service: Service, registry: Any) -> Described:
    """(paths, schemas) of a service; empty where it has nothing to tell of."""
    schemas: dict[str, Any] = {}
    pattern, route = _route_of(service, registry)
    pattern = VERB.sub(r":\1", pattern)
    names = [name for name, _ in PLACEHOLDER.findall(pattern)]
    path = PLACEHOLDER.sub(lambda match: "{" + match[1] + "}", pattern)
    path = re.sub(r"\*(\w+)$", r"{\1}", path)  # what remains of the path, as Pyramid writes it
    names += re.findall(r"\*(\w+)$", pattern)
    addon = PLATFORM if route is None else str(route.get("addon", PLATFORM))
    found: dict[str, Any] = {}
    for method, view, arguments in service.definitions:
        if method in ("HEAD", "OPTIONS") or method.lower() in found:
            continue
        telling = _Telling(addon, method, arguments, schemas)
        found[method.lower()] = telling.operation(service, view, names)
    return ({path: found} if found else {}), schemas


def _route_of(service: Service, registry: Any) -> tuple[str, Any]:
    """The pattern of the route with its prefix, and its introspectable."""
    name = service.pyramid_route or service.name
    route = registry.introspector.get("routes", name)
    pattern = str(route["pattern"]) if route is not None else str(service.path)
    return "/" + pattern.lstrip("/"), route


class _Telling:
    """One view while it is described; the schemas that it uses gather in `schemas`."""

    def __init__(
        self, addon: str, method: str, arguments: dict[str, Any], schemas: dict[str, Any]
    ) -> None:
        self.addon, self.method, self.arguments = addon, method, arguments
        self.schemas = schemas

    def operation(self, service: Service, view: Any, names: list[str]) -> dict[str, Any]:
        """The operation; `names` are the placeholders of its path."""
        arguments = self.arguments
        doc = inspect.cleandoc(getattr(view, "__doc__", None) or service.description or "")
        body, parameters = _schema_of(arguments)
        known = {one["name"] for one in parameters if one["in"] == "path"}
        parameters = [
            parameter(name, {"type": "string"}, f"The {name} in the path", "path")
            for name in names
            if name not in known
        ] + parameters
        more: dict[str, Any] = {"parameters": parameters}
        if body is not None and self.method in UNSAFE:
            more["requestBody"] = {
                "required": True,
                "content": content(self._named(body, body_schema)),
            }
        noun = service.name.removeprefix(f"{self.addon}.")
        return operation(
            self.addon,
            f"{self.addon}.{noun}.{arguments.get('operation') or VERBS[self.method]}",
            doc.partition("\n")[0] or f"{self.method} {service.name}",
            arguments.get("permission"),
            self._responses(),
            unsafe=self.method in UNSAFE,
            description=doc,
            problems=problems_of(arguments.get("problems")),
            deprecated=arguments.get("deprecated"),
            idempotency=arguments.get("idempotency") if self.method == "POST" else "ignored",
            **more,
        )

    def _responses(self) -> dict[str, Any]:
        """What the view says it answers; 200 with anything where it says nothing.

        A view that says which problems it raises is told whole; of any other nobody can know.
        """
        status, response = self.arguments.get("status", 200), self.arguments.get("response")
        answer: dict[str, Any] = {"description": "Done"}
        if isinstance(response, list):
            answer["content"] = content(self._page(response[0]))
        elif response is not None:
            answer["content"] = content(self._named(_instance(response), answer_schema))
        elif status != 204:
            answer["content"] = content({})
        if names := self.arguments.get("headers"):
            answer["headers"] = headers(*names)
        rest = {} if self.arguments.get("problems") is not None else DEFAULT
        asked = {"renderer": "cornicejson", **self.arguments, "request_method": self.method}
        refused = failures(406) if negotiates(asked) else {}
        return {str(status): answer, **refused, **rest}

    def _page(self, item: Any) -> dict[str, Any]:
        shown = self._named(_instance(item), answer_schema)
        name = f"{shown['$ref'].rpartition('/')[2]}.page"
        self.schemas[name] = page_schema(self.addon, shown)
        return ref(name)

    def _named(self, schema: colander.SchemaNode, tell: Any) -> dict[str, Any]:
        """A reference to a schema, which bears the name of its class."""
        kind = type(schema).__name__.removesuffix("Schema")
        name = f"{self.addon}.{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', kind).lower()}"
        self.schemas[name] = tell(self.addon, schema)
        return ref(name)


def _instance(schema: Any) -> Any:
    return schema() if isinstance(schema, type) else schema


def _schema_of(arguments: Any) -> tuple[colander.SchemaNode | None, list[dict[str, Any]]]:
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
        return schema, []
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


def _by_place(
    schema: colander.SchemaNode,
) -> tuple[colander.SchemaNode | None, list[dict[str, Any]]]:
    body, parameters = None, []
    for part in schema.children:
        if part.name == "body":
            body = part
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
