"""Pieces of OpenAPI that all operations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ref(name: str) -> dict[str, str]:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    """The content of one media type."""
    return {media_type: {"schema": schema}}


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
    **more: Any,
) -> dict[str, Any]:
    """One operation. `problems` are codes that it alone raises, with their status and what they mean.

    Errors that follow from what it takes, and the headers of all answers, are added by `completing`.
    """
    found: dict[str, Any] = {
        "operationId": operation_id,
        "tags": [addon],
        "summary": summary,
        "x-addon": addon,
        "x-permission": permission or "",
        "security": security(permission, unsafe),
    }
    if description and description != summary:
        found["description"] = description
    found.update({name: value for name, value in more.items() if value})
    if problems:
        found["x-problems"] = {
            code: {"status": status, "description": text}
            for code, (status, text) in problems.items()
        }
    found["responses"] = responses
    return found
