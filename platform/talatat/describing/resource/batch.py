"""`:batch` of a resource: its body, and what it answers of each item."""

from __future__ import annotations

from typing import Any

from talatat.describing.failures import failures
from talatat.describing.resource.telling import Operation, Telling, validate_only
from talatat.describing.shapes import content, json_patch, ref
from talatat.resources.declaration import WRITING, idempotency_of
from talatat.resources.services import batch_permission
from talatat.resources.writing.batch import MAX_ITEMS, MEMBERS

DESCRIPTION = f"""Many writes in one transaction, in order.

At most {MAX_ITEMS} items. `atomic` (the default): the first item that fails is the answer, with its status
and with pointers below `/items/<n>`, and nothing stays. Not atomic: an item that fails leaves nothing of
its own, the others stay; the answer is 207 if any failed. Each item asks for its operation's permission.
The `body` of a `patch` is a merge patch, or, if it is a list, a JSON patch."""


def batch_path(told: Telling) -> dict[str, Any]:
    """`POST /<resources>:batch`; empty where the resource does not write."""
    permission = batch_permission(told.bound)
    if permission is None:
        return {}
    return {f"{told.path}:batch": {"post": _operation(told, permission)}}


def _operation(told: Telling, permission: str) -> Operation:
    shown = content(ref(f"{told.name}.batch_result"))
    return told.operation(
        "batch",
        f"Write many of {told.title}",
        {
            "200": {"description": "What became of each item", "content": shown},
            "207": {"description": "The same; items failed", "content": shown},
            **failures(401, 403, 404, 412, *([428] if told.declaration.require_if_match else [])),
        },
        unsafe=True,
        permission=permission,
        description=DESCRIPTION,
        parameters=[*told.showing(), validate_only()],
        idempotency=idempotency_of(told.declaration),
        requestBody=told.body("batch"),
    )


def batch_schemas(told: Telling) -> dict[str, Any]:
    """The schemas of the body and of the answer; none where the resource does not write."""
    offered = [name for name in WRITING if name in told.operations]
    if not offered:
        return {}
    name, owner = told.name, {"x-addon": told.bound.addon}
    item = {"oneOf": [ref(f"{name}.batch_{operation}") for operation in offered]}
    listed = {"type": "array", "maxItems": MAX_ITEMS}
    return {
        f"{name}.batch": {
            "type": "object",
            **owner,
            "required": ["items"],
            "additionalProperties": False,
            "properties": {
                "atomic": {"type": "boolean", "default": True},
                "items": {**listed, "items": item},
            },
        },
        **{
            f"{name}.batch_{operation}": {**_item(name, operation), **owner}
            for operation in offered
        },
        f"{name}.batch_result": {
            "type": "object",
            **owner,
            "required": ["items"],
            "properties": {"items": {**listed, "items": ref(f"{name}.batch_outcome")}},
        },
        f"{name}.batch_outcome": {
            "type": "object",
            **owner,
            "description": "What became of one item: `body` and `etag` of a row, or `problem`",
            "required": ["status", "id"],
            "properties": {
                "status": {"type": "integer"},
                "id": {"type": ["string", "null"]},
                "etag": {"type": "string"},
                "body": ref(name),
                "problem": ref("problem"),
            },
        },
    }


def _item(name: str, operation: str) -> dict[str, Any]:
    members: dict[str, Any] = {
        "id": {"type": "string"},
        "if_match": {"type": "string", "description": "Only if the row still has this ETag"},
        "body": ref(f"{name}.{operation}"),
    }
    if operation == "patch":
        members["body"] = {"anyOf": [members["body"], json_patch()]}
    known = {one.removesuffix("?"): not one.endswith("?") for one in MEMBERS[operation]}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["operation", *(one for one in members if known.get(one))],
        "properties": {
            "operation": {"type": "string", "const": operation},
            **{one: schema for one, schema in members.items() if one in known},
        },
    }
