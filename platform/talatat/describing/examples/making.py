"""A value that a schema accepts, always the same one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from talatat.describing.examples.texts import text

Schema = Mapping[str, Any]
DEEPEST = 3
NUMBERS = {"status": 200, "expires_in": 3600, "quantity": 2, "points": 5, "limit": 20}


class Absent(Exception):
    """There is no example: the schema contradicts itself, contains itself, or has a pattern too hard."""


class Maker:
    """Makes examples by the schemas of one document."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.schemas = schemas
        self._kept: dict[str, Any] = {}
        self._open: list[str] = []

    def of(self, schema: Schema, name: str = "") -> Any:
        """An example for what is called `name`. Raises Absent."""
        if "$ref" in schema:
            return self.named(schema["$ref"].rpartition("/")[2])
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        for key in ("example", "const", "default"):
            if schema.get(key) not in (None, "", []):
                return schema[key]
        if "allOf" in schema:
            parts = [self.of(one, name) for one in schema["allOf"]]
            return {key: value for part in parts for key, value in part.items()}
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self.of(next(one for one in schema[key] if one.get("type") != "null"), name)
        return self._by_type(schema, name)

    def named(self, name: str) -> Any:
        """The example of a schema of the document."""
        if name not in self._kept:
            if name in self._open:
                raise Absent(f"{name} contains itself")
            self._open.append(name)
            try:
                self._kept[name] = self.of(self.schemas[name])
            finally:
                self._open.pop()
        return self._kept[name]

    def _by_type(self, schema: Schema, name: str) -> Any:
        kinds = schema.get("type", "object" if "properties" in schema else None)
        kinds = [kinds] if isinstance(kinds, str) or kinds is None else kinds
        kind = next((one for one in kinds if one != "null"), "null")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._array(schema, name)
        made = _PLAIN[kind](schema, name) if kind is not None else {}
        if made is None and kind != "null":
            raise Absent(f"no example for {name}: say example=... on the node")
        return made

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties = schema.get("properties", {})
        if not properties and schema.get("additionalProperties", True) is not False:
            return {"colour": "blue"} if schema.get("additionalProperties") is True else {}
        required = schema.get("required", ())
        found = {}
        for name, below in properties.items():
            if name not in required and ("x-expand" in below or self._is_deep(below)):
                continue
            try:
                found[name] = self.of(below, name)
            except Absent:
                if name in required:
                    raise
        return found

    def _is_deep(self, schema: Schema) -> bool:
        """Whether it leads into further schemas that need not be shown: they have their own example."""
        return len(self._open) >= DEEPEST and "$ref" in str(schema)

    def _array(self, schema: Schema, name: str) -> list[Any]:
        if "items" not in schema or schema.get("maxItems") == 0:
            return []
        one = self.of(schema["items"], _singular(name))
        return [one] * max(1, int(schema.get("minItems", 1)))


def _singular(name: str) -> str:
    return f"{name.removesuffix('ies')}y" if name.endswith("ies") else name.removesuffix("s")


def _integer(schema: Schema, name: str) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    most = schema.get("maximum", math.inf)
    return int(min(max(NUMBERS.get(name, 1), math.ceil(least)), most))


def _number(schema: Schema, name: str) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return float(min(max(1.5, least), schema.get("maximum", math.inf)))


_PLAIN: dict[str, Callable[[Schema, str], Any]] = {
    "string": text,
    "integer": _integer,
    "number": _number,
    "boolean": lambda *_: True,
    "null": lambda *_: None,
}
