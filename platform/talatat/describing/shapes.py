"""Pieces of OpenAPI that all operations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import colander

from talatat.resources.writing.json_patch import MAX_OPERATIONS
from talatat.schema.document import json_schema

if TYPE_CHECKING:
    from talatat.resources.deprecation import Deprecation


def ref(name: str) -> dict[str, str]:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_patch() -> dict[str, Any]:
    """The list that a JSON patch is."""
    return {"type": "array", "maxItems": MAX_OPERATIONS, "items": ref("json_patch_operation")}


def content(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    """The content of one media type."""
    return {media_type: {"schema": schema}}


def answer_schema(addon: str, schema: Any) -> dict[str, Any]:
    """What a view or an action of its own answers, by a colander schema: nothing is left out of it."""
    found = {**json_schema(schema, "read"), "x-addon": addon}
    if required := [child.name for child in schema.children if child.required]:
        found["required"] = required
    return described(found, schema)


def body_schema(addon: str, schema: Any) -> dict[str, Any]:
    """What a view or an action of its own takes, by a colander schema."""
    return described({**json_schema(schema, "create"), "x-addon": addon}, schema)


def described(found: dict[str, Any], schema: Any) -> dict[str, Any]:
    """`found`, with the docstring of the colander schema's class where it has no description."""
    doc = cleandoc(type(schema).__doc__ or "") if type(schema) is not colander.SchemaNode else ""
    return {"description": doc, **found} if doc else found


def page_schema(addon: str, item: dict[str, Any]) -> dict[str, Any]:
    """The schema of every list's answer."""
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "description": "One page of a list",
        "x-addon": addon,
        "required": ["items", "next", "prev"],
        "properties": {
            "items": {"type": "array", "items": item, "description": "In the order of the list"},
            "next": {**link, "description": "The page after this one; null on the last"},
            "prev": {**link, "description": "The page before this one; null on the first"},
        },
    }


def parameter(
    name: str, schema: dict[str, Any], description: str, where: str = "query"
) -> dict[str, Any]:
    """A parameter; one in the path is required."""
    found: dict[str, Any] = {
        "name": name,
        "in": where,
        "schema": schema,
        "description": description,
    }
    if where == "path":
        found["required"] = True
    return found


def idempotency_key(required: bool = False) -> dict[str, Any]:
    """`Idempotency-Key`, of every POST whose answer may be kept."""
    schema = {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    }
    text = "Carried out once, however often it is sent: the answer is kept for 24 hours"
    return {**parameter("Idempotency-Key", schema, text, "header"), "required": required}


def security(permission: str | None, unsafe: bool) -> list[dict[str, list[str]]]:
    """What authenticates an operation: nothing where it is public, a token, or a cookie (with CSRF)."""
    if permission in (None, "public"):
        return []
    cookie: dict[str, list[str]] = {"cookie": []}
    if unsafe:
        cookie["csrf"] = []
    return [{"bearer": []}, cookie]


def operation(
    addon: str,
    operation_id: str,
    summary: str,
    permission: str | None,
    responses: dict[str, Any],
    unsafe: bool = False,
    description: str = "",
    problems: Mapping[str, tuple[int, str]] | None = None,
    deprecated: Deprecation | None = None,
    idempotency: str | None = "ignored",
    **more: Any,
) -> dict[str, Any]:
    """One operation. `problems` are codes that it alone raises, with their status and what they mean.

    `idempotency` is the view's option of that name: whether it takes a key, wants one or refuses it.

    Errors that follow from what it takes, and the headers of all answers, are added by `completing`.
    """
    found: dict[str, Any] = {
        "operationId": operation_id,
        "tags": [addon],
        "summary": summary,
        "description": description or f"{summary.rstrip('.')}.",
        "x-addon": addon,
        "x-permission": permission or "",
        "security": security(permission, unsafe),
    }
    if idempotency == "refused":
        more["x-idempotency"] = idempotency
    elif idempotency != "ignored":
        key = idempotency_key(idempotency == "required")
        more["parameters"] = [*more.get("parameters", ()), key]
    if deprecated is not None:
        found["deprecated"] = True
        found["x-deprecated-since"] = deprecated.since.isoformat()
        if deprecated.sunset is not None:
            found["x-sunset"] = deprecated.sunset.isoformat()
        if deprecated.link is not None:
            found["externalDocs"] = {"url": deprecated.link, "description": "What to use instead"}
    found.update({name: value for name, value in more.items() if value})
    if problems:
        found["x-problems"] = {
            code: {"status": status, "description": text}
            for code, (status, text) in problems.items()
        }
    found["responses"] = responses
    return found
