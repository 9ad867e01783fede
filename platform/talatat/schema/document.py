"""JSON Schema (2020-12, the dialect of OpenAPI 3.1) from colander schemas.

The same schema is told in four forms: what is shown (`read`), and what a body holds to create, to
replace and to patch. Descriptions, examples, enumerations, formats, limits and null come from the nodes.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from typing import Any, Literal

import colander

from talatat.schema.reading import nullable

Form = Literal["read", "create", "replace", "patch"]
# Says under which name a document may tell a schema once; nobody but the document's maker sees it.
SHARED = "x-shared"


def json_schema(node: colander.SchemaNode, form: Form = "read") -> dict[str, Any]:
    """The JSON Schema of `node` in one of its forms."""
    found = _by_type(node, form)
    _describe(node, found)
    if form != "read":  # what is stored may be older than a rule: readers are told no limits
        _tell_limits(node, found)
    if form != "read" and node.missing not in (colander.required, colander.drop, None):
        default = _plain(node.missing)
        if default is not None:
            found["default"] = default
    if getattr(node, "read_only", False):
        found["readOnly"] = True
    if getattr(node, "write_only", False):
        found["writeOnly"] = True
    if nullable(node) or (form == "read" and _maybe_absent(node)):
        found = _or_null(found)
    return found


def _tell_limits(node: colander.SchemaNode, found: dict[str, Any]) -> None:
    wanted = node.missing in (colander.required, colander.drop)
    if wanted and isinstance(node.typ, colander.String) and not node.typ.allow_empty:
        found["minLength"] = 1  # colander takes "" for nothing
    for limit in (*getattr(node, "storable", ()), node.validator):
        _limits(limit, found)


def members(node: colander.SchemaNode, form: Form) -> list[colander.SchemaNode]:
    """The children that are part of a form: read-only ones are not in bodies, and so on."""
    if form == "read":
        return [child for child in node.children if not getattr(child, "write_only", False)]
    kept = [child for child in node.children if not getattr(child, "read_only", False)]
    if form == "patch":
        return [child for child in kept if not getattr(child, "create_only", False)]
    return kept


def _by_type(node: colander.SchemaNode, form: Form) -> dict[str, Any]:
    typ = node.typ
    if isinstance(typ, colander.Mapping):
        return _object(node, form)
    if isinstance(typ, colander.Sequence):
        # What is inside a list is always given whole: a merge patch replaces lists.
        inner: Form = "read" if form == "read" else "create"
        return {"type": "array", "items": json_schema(node.children[0], inner)}
    if hasattr(typ, "json_schema"):
        shared = getattr(typ, "shared", None)
        return {**typ.json_schema(), **({SHARED: shared} if shared else {})}
    for kinds, schema in _TYPES:
        if isinstance(typ, kinds):
            return dict(schema)
    return {}


def _object(node: colander.SchemaNode, form: Form) -> dict[str, Any]:
    kept = members(node, form)
    found: dict[str, Any] = {
        "type": "object",
        "properties": {child.name: json_schema(child, form) for child in kept},
    }
    if form == "read":
        # A field that needs a permission may be left out, and `fields=` leaves out any.
        return found
    # What is set at creation only may be left out where a row is replaced: it stays.
    stays = [
        child.name for child in kept if form == "replace" and getattr(child, "create_only", False)
    ]
    required = [child.name for child in kept if child.required and child.name not in stays]
    if required and form != "patch":
        found["required"] = required
    found["additionalProperties"] = node.typ.unknown == "preserve"
    return found


def _maybe_absent(node: colander.SchemaNode) -> bool:
    """Columns of an extension that has no row yet are shown as null."""
    return bool(getattr(node, "sparse", False)) and node.default is colander.null


def _describe(node: colander.SchemaNode, found: dict[str, Any]) -> None:
    if node.description:
        found["description"] = str(node.description)
    if (example := getattr(node, "example", None)) is not None:
        found["examples"] = [example]
    if getattr(node, "deprecated", False):
        found["deprecated"] = True


def _or_null(found: dict[str, Any]) -> dict[str, Any]:
    kind = found.get("type")
    if kind is None:
        return found
    found["type"] = [kind, "null"]
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    return found


def _limits(validator: Any, found: dict[str, Any]) -> None:
    if isinstance(validator, colander.All):
        for one in validator.validators:
            _limits(one, found)
        return
    for kinds, tell in _VALIDATORS:
        if isinstance(validator, kinds):
            tell(validator, found)
            return


def _range(validator: Any, found: dict[str, Any]) -> None:
    for name, limit in (("minimum", validator.min), ("maximum", validator.max)):
        # Decimals travel as strings, which JSON Schema cannot compare.
        if limit is not None and found.get("type") in ("integer", "number"):
            found[name] = float(limit) if isinstance(limit, decimal.Decimal) else limit


def _length(validator: Any, found: dict[str, Any]) -> None:
    suffix = "Items" if found.get("type") == "array" else "Length"
    if validator.min is not None:
        found["min" + suffix] = validator.min
    if validator.max is not None:
        found["max" + suffix] = validator.max


def _choice(validator: Any, found: dict[str, Any]) -> None:
    found["enum"] = [_plain(choice) for choice in validator.choices]


def _email(validator: Any, found: dict[str, Any]) -> None:
    found["format"] = "email"


def _pattern(validator: Any, found: dict[str, Any]) -> None:
    source = validator.match_object.pattern
    flags = validator.match_object.flags
    if "(?P" in source or "(?i" in source or flags & 2:  # no such thing in ECMA-262
        return
    source = source.replace(r"\Z", "$").replace(r"\A", "^")
    found["pattern"] = source if source.startswith("^") else f"^(?:{source})"


def _plain(value: Any) -> Any:
    """A default or a choice as JSON shows it; None where it cannot be shown."""
    if isinstance(value, dt.datetime | dt.date | decimal.Decimal):
        return str(value)
    if isinstance(value, str | int | float | bool | list | dict):
        return value
    return None


_TYPES: tuple[tuple[Any, dict[str, Any]], ...] = (
    (colander.Integer, {"type": "integer"}),
    (colander.Decimal, {"type": "string"}),
    (colander.Float, {"type": "number"}),
    (colander.Boolean, {"type": "boolean"}),
    (colander.DateTime, {"type": "string", "format": "date-time"}),
    (colander.Date, {"type": "string", "format": "date"}),
    (colander.Time, {"type": "string", "format": "time-local"}),
    ((colander.String, colander.Enum), {"type": "string"}),
    ((colander.Set, colander.List, colander.Tuple), {"type": "array"}),
)

_VALIDATORS: tuple[tuple[Any, Callable[[Any, dict[str, Any]], None]], ...] = (
    (colander.Range, _range),
    (colander.Length, _length),
    (colander.OneOf, _choice),
    (colander.Email, _email),
    (colander.Regex, _pattern),
)
