"""What a server says of itself: `/api` and the OpenAPI document, read for what checks ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from talatat.testing.conformance.answers import resolved

Schema = Mapping[str, Any]
RESOURCE = re.compile(r"/api/(?P<group>[^/]+)/v(?P<version>\d+)/(?P<name>[^/:]+)\Z")
ITEM = "/{id}"
OPERATIONS = {
    "list": ("", "get"),
    "create": ("", "post"),
    "get": (ITEM, "get"),
    "replace": (ITEM, "put"),
    "patch": (ITEM, "patch"),
    "delete": (ITEM, "delete"),
    "search": (":search", "post"),
    "batch": (":batch", "post"),
    "changes": (":changes", "get"),
    "restore": (f"{ITEM}:restore", "post"),
}
OWN = ("limit", "cursor", "sort", "fields", "q", "expand", "count", "validate_only")
FILTER = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<op>[a-z]+)\])?\Z")


@dataclass(frozen=True)
class Action:
    """A verb that a resource declares."""

    path: str
    operation: Schema

    @property
    def on_item(self) -> bool:
        """Whether it is a verb of one row."""
        return ITEM in self.path


@dataclass(frozen=True)
class Kind:
    """One resource, as the document shows it."""

    document: Schema
    path: str
    group: str
    name: str

    @property
    def full_name(self) -> str:
        """As "catalog.products"."""
        return f"{self.group}.{self.name}"

    @cached_property
    def operations(self) -> dict[str, Schema]:
        """{operation: what the document says of it}."""
        found = {}
        for name, (suffix, method) in OPERATIONS.items():
            said = self.document["paths"].get(self.path + suffix, {}).get(method)
            if said is not None:
                found[name] = said
        return found

    @cached_property
    def actions(self) -> list[Action]:
        """The verbs that the resource declares itself."""
        builtin = {self.path + suffix for suffix, _ in OPERATIONS.values()}
        starts = (f"{self.path}:", f"{self.path}{ITEM}:")
        return [
            Action(path, item["post"])
            for path, item in self.document["paths"].items()
            if path.startswith(starts) and path not in builtin and "post" in item
        ]

    def methods(self, suffix: str) -> set[str]:
        """The methods that the document has for a path of the resource."""
        item = self.document["paths"].get(self.path + suffix, {})
        return {name.upper() for name in item if name in _METHODS}

    def resolved(self, schema: Schema) -> Schema:
        """A schema without the reference that it may be."""
        return resolved(self.document, schema)

    @cached_property
    def shown(self) -> Schema:
        """The schema of a row as it is shown."""
        for name in ("get", "list", "create", "patch", "replace"):
            content = self._content(name)
            if content is not None and name != "list":
                return content
            if content is not None:
                return self.resolved(self.resolved(content["properties"]["items"])["items"])
        return {}

    def _content(self, operation: str) -> Schema | None:
        responses = self.operations.get(operation, {}).get("responses", {})
        for status in ("200", "201"):
            kinds = self.resolved(responses.get(status, {})).get("content", {})
            if "application/json" in kinds:
                return self.resolved(kinds["application/json"]["schema"])
        return None

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """{field: schema} of what is shown."""
        return {name: self.resolved(one) for name, one in self.shown.get("properties", {}).items()}

    def form(self, operation: str) -> Schema:
        """The schema of the body of create, replace or patch; an empty one where there is none."""
        body = self.resolved(self.operations.get(operation, {}).get("requestBody", {}))
        for kind in ("application/json", "application/merge-patch+json"):
            if kind in body.get("content", {}):
                return self.resolved(body["content"][kind]["schema"])
        return {}

    def example(self, operation: str) -> Any:
        """The example of a body that the document gives; None without one."""
        body = self.resolved(self.operations.get(operation, {}).get("requestBody", {}))
        for said in body.get("content", {}).values():
            if "example" in said:
                return said["example"]
            for one in said.get("examples", {}).values():
                return self.resolved(one).get("value")
        return self.form(operation).get("example")

    def parameters(self, operation: str) -> dict[str, Schema]:
        """{name: parameter} of the query and the headers of an operation."""
        said = self.operations.get(operation, {}).get("parameters", ())
        return {one["name"]: one for one in map(self.resolved, said)}

    @cached_property
    def filters(self) -> dict[str, dict[str, Schema]]:
        """{name: {operator: schema of its value}}."""
        found: dict[str, dict[str, Schema]] = {}
        for name, said in self.parameters("list").items():
            match = FILTER.match(name)
            if said["in"] == "query" and name not in OWN and match is not None:
                found.setdefault(match["name"], {})[match["op"] or "eq"] = said["schema"]
        return found

    @cached_property
    def sorts(self) -> list[str]:
        """The names that `sort` takes."""
        said = self.parameters("list").get("sort")
        if said is None:
            return []
        listed = re.findall(r"\w[\w.]*", said["description"].rpartition(": ")[2])
        return sorted({one.removeprefix("-") for one in listed})

    @cached_property
    def expandable(self) -> dict[str, Schema]:
        """{name that `expand` takes: schema of what is shown there}."""
        return dict(_expandable(self, self.shown, ""))

    def permission(self, operation: str) -> str:
        """What an operation asks for; "public" where nothing."""
        return str(self.operations[operation].get("x-permission", ""))


def _expandable(kind: Kind, schema: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    for name, said in schema.get("properties", {}).items():
        if "x-expand" in said:
            yield prefix + name, kind.resolved(said.get("anyOf", [said])[0])
        elif not prefix and said.get("type") == "array":
            yield from _expandable(kind, kind.resolved(said.get("items", {})), f"{name}.")


_METHODS = ("get", "put", "post", "patch", "delete", "head", "options")


def kinds_of(document: Schema) -> Iterator[Kind]:
    """The resources: collections of which somebody may choose the fields that are shown."""
    for path in document["paths"]:
        match = RESOURCE.match(path)
        if match is not None:
            kind = Kind(document, path, match["group"], match["name"])
            if any("fields" in kind.parameters(name) for name in kind.operations):
                yield kind
