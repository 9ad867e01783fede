"""A document as the rules read it: operations with what they refer to, schemas with where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
UNSAFE = ("put", "post", "delete", "patch")
PLATFORM = "talatat"
JSON = "application/json"

Part = dict[str, Any]
Placed = tuple[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation. Parameters are those of its path, too; responses are resolved."""

    method: str
    path: str
    pointer: str
    data: Part
    parameters: tuple[tuple[str, Part], ...]
    responses: Mapping[str, tuple[str, Part]]

    @property
    def id(self) -> str:
        """The operationId; method and path where it has none."""
        return str(self.data.get("operationId") or f"{self.method.upper()} {self.path}")

    @property
    def addon(self) -> str:
        """Whose it is."""
        return str(self.data.get("x-addon", ""))

    @property
    def is_platform(self) -> bool:
        """Whether it is discovery or health, which have a form of their own."""
        return self.addon == PLATFORM

    @property
    def is_item(self) -> bool:
        """Whether the path ends with the id of a row."""
        return self.path.endswith("}")

    @property
    def is_list(self) -> bool:
        """Whether it answers a page of rows."""
        return self.method == "get" and self.id.endswith(".list")

    @property
    def body(self) -> Part:
        """The request body; empty where there is none."""
        found: Part = self.data.get("requestBody", {})
        return found

    def parameter(self, name: str) -> Part | None:
        """The parameter or header of this name."""
        for _, one in self.parameters:
            if one.get("name", "").lower() == name.lower():
                return one
        return None

    def successes(self) -> Iterator[tuple[str, str, Part]]:
        """(status, pointer, response) of all that is no error."""
        for status, (pointer, response) in self.responses.items():
            if status[0] in "123":
                yield status, pointer, response

    def errors(self) -> Iterator[tuple[str, str, Part]]:
        """(status, pointer, response) of all errors."""
        for status, (pointer, response) in self.responses.items():
            if status[0] in "45d":
                yield status, pointer, response

    def lists(self, *statuses: int) -> list[int]:
        """Those of `statuses` that it does not tell of; none where a `default` stands for them."""
        if "default" in self.responses:
            return []
        return [one for one in statuses if str(one) not in self.responses]


class Reading:
    """What the rules are asked about."""

    def __init__(self, document: Part) -> None:
        self.document = document
        self.components: Part = document.get("components", {})
        self.schemas: Part = self.components.get("schemas", {})

    def resolved(self, part: Any) -> Part:
        """What a reference leads to; the part itself where it is none. {} for one that leads nowhere."""
        for _ in range(20):
            if not isinstance(part, dict) or "$ref" not in part:
                break
            part = self.at(str(part["$ref"]))
        return part if isinstance(part, dict) else {}

    def at(self, reference: str) -> Any:
        """What stands at a reference `#/...`; None where nothing does."""
        found: Any = self.document
        for name in reference.removeprefix("#/").split("/"):
            found = found.get(_plain(name)) if isinstance(found, dict) else None
        return found

    @cached_property
    def operations(self) -> list[Operation]:
        """All operations, in the order of the document."""
        found = []
        for path, item in self.document.get("paths", {}).items():
            base = f"/paths/{escaped(path)}"
            shared = self._parameters(item, base)
            found += [
                self._operation(method, path, base, item[method], shared)
                for method in METHODS
                if method in item
            ]
        return found

    def _operation(
        self, method: str, path: str, base: str, data: Part, shared: list[tuple[str, Part]]
    ) -> Operation:
        pointer = f"{base}/{method}"
        responses = {
            str(status): (f"{pointer}/responses/{status}", self.resolved(one))
            for status, one in data.get("responses", {}).items()
        }
        parameters = (*shared, *self._parameters(data, pointer))
        return Operation(method, path, pointer, data, parameters, responses)

    def _parameters(self, part: Part, base: str) -> list[tuple[str, Part]]:
        return [
            (f"{base}/parameters/{number}", self.resolved(one))
            for number, one in enumerate(part.get("parameters", []))
        ]

    @cached_property
    def nodes(self) -> list[tuple[str, Part]]:
        """(pointer, schema) of every schema that is written anywhere, inner ones included.

        What says `x-standard` has the form that others have settled, and is left out.
        """
        found: list[tuple[str, Part]] = []
        for name, schema in self.schemas.items():
            if "x-standard" in schema:
                continue
            _gather(f"/components/schemas/{escaped(name)}", schema, found)
        for pointer, parameter in self.parameters:
            _gather(f"{pointer}/schema", parameter.get("schema", {}), found)
        for pointer, media in self.media:
            _gather(f"{pointer}/schema", media[1].get("schema", {}), found)
        return found

    @cached_property
    def parameters(self) -> list[tuple[str, Part]]:
        """(pointer, parameter), each once."""
        return list(
            {pointer: one for op in self.operations for pointer, one in op.parameters}.items()
        )

    @cached_property
    def media(self) -> list[tuple[str, tuple[str, Part]]]:
        """(pointer, (media type, media)) of all bodies and of all answers that are written in place."""
        found = []
        for one in self.operations:
            parts = [(f"{one.pointer}/requestBody", one.body)]
            for status, response in one.data.get("responses", {}).items():
                parts.append((f"{one.pointer}/responses/{status}", response))
            for pointer, part in parts:
                for kind, media in part.get("content", {}).items():
                    found.append((f"{pointer}/content/{escaped(kind)}", (kind, media)))
        return found

    @cached_property
    def properties(self) -> list[tuple[str, str, Part]]:
        """(pointer, name, schema) of every property of every schema."""
        return [
            (f"{pointer}/properties/{escaped(name)}", name, below)
            for pointer, schema in self.nodes
            for name, below in schema.get("properties", {}).items()
            if isinstance(below, dict)
        ]

    @cached_property
    def in_answers(self) -> frozenset[str]:
        """Names of schemas that successes lead to."""
        return frozenset(
            name
            for one in self.operations
            for _, _, response in one.successes()
            for name in self._reached(response.get("content", {}))
        )

    @cached_property
    def in_bodies(self) -> frozenset[str]:
        """Names of schemas that bodies lead to."""
        return frozenset(name for one in self.operations for name in self._reached(one.body))

    def _reached(self, part: Any, known: set[str] | None = None) -> set[str]:
        known = set() if known is None else known
        for name in references(part):
            short = name.rpartition("/")[2]
            if name.startswith("#/components/schemas/") and short not in known:
                known.add(short)
                self._reached(self.schemas.get(short, {}), known)
        return known

    def properties_of(self, names: frozenset[str]) -> Iterator[tuple[str, str, Part]]:
        """The properties of these schemas of the document, inner ones included."""
        prefixes = {f"/components/schemas/{escaped(name)}/" for name in names}
        for pointer, name, schema in self.properties:
            if "/".join(pointer.split("/")[:4]) + "/" in prefixes:
                yield pointer, name, schema

    def owner(self, pointer: str) -> tuple[str, str]:
        """(operationId, addon) of what stands at a pointer; empty where it is nobody's."""
        parts = pointer.split("/")[1:] or [""]
        if parts[0] == "paths":
            for one in self.operations:
                if f"{pointer}/".startswith(f"{one.pointer}/"):
                    return one.id, one.addon
            for one in self.operations:  # a part of the path that all its operations share
                if escaped(one.path) == parts[1]:
                    return "", one.addon
        if parts[:2] == ["components", "schemas"] and len(parts) > 2:
            return "", str(self.schemas.get(_plain(parts[2]), {}).get("x-addon", ""))
        return "", ""


def references(part: Any) -> Iterator[str]:
    """Every `$ref` below a part, examples left aside."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            elif name not in ("example", "examples"):
                yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def kinds(schema: Part) -> tuple[str, ...]:
    """The JSON types of a schema without null."""
    said = schema.get("type", ())
    return tuple(one for one in ([said] if isinstance(said, str) else said) if one != "null")


def escaped(name: str) -> str:
    """A name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _plain(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")


def _gather(pointer: str, schema: Any, found: list[tuple[str, Part]]) -> None:
    if not isinstance(schema, dict):
        return
    found.append((pointer, schema))
    for name, below in schema.get("properties", {}).items():
        _gather(f"{pointer}/properties/{escaped(name)}", below, found)
    for key in ("items", "additionalProperties", "not"):
        _gather(f"{pointer}/{key}", schema.get(key), found)
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for number, below in enumerate(schema.get(key, ())):
            _gather(f"{pointer}/{key}/{number}", below, found)
