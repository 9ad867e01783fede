"""The operations that write: create, replace, patch and delete."""

from __future__ import annotations

from talatat.describing.resource.telling import Operation, Telling, validate_only
from talatat.describing.shapes import ref
from talatat.resources.declaration import idempotency_of
from talatat.resources.writes import PATCH_TYPES
from talatat.resources.writing.json_patch import CONTENT_TYPE as JSON_PATCH


def create_operation(told: Telling) -> Operation:
    """`POST /<resources>`."""
    return told.operation(
        "create",
        f"Create one of {told.title}",
        {
            "200": told.shown("The row as it would be, of `validate_only`"),
            "201": told.shown("The new row", "ETag", "Location"),
        },
        unsafe=True,
        parameters=[*told.showing(), validate_only()],
        idempotency=idempotency_of(told.declaration),
        requestBody=told.body("create"),
    )


def replace_operation(told: Telling) -> Operation:
    """`PUT /<resources>/<id>`, which creates where the resource can be created."""
    responses = {"200": told.shown("The row", "ETag")}
    if "create" in told.operations:
        responses["201"] = told.shown("The new row", "ETag", "Location")
    return told.operation(
        "replace",
        f"Replace one of {told.title}, or create it under this id",
        responses,
        unsafe=True,
        parameters=[*told.showing(), validate_only(), told.match()],
        requestBody=told.body("replace"),
    )


def patch_operation(told: Telling) -> Operation:
    """`PATCH /<resources>/<id>`."""
    schema = ref(f"{told.name}.patch")
    schemas = dict.fromkeys(PATCH_TYPES, schema) | {JSON_PATCH: ref("json_patch")}
    body = {"required": True, "content": {name: {"schema": one} for name, one in schemas.items()}}
    return told.operation(
        "patch",
        f"Change fields of one of {told.title} (JSON Merge Patch or JSON Patch)",
        {"200": told.shown("The row", "ETag")},
        unsafe=True,
        parameters=[*told.showing(), validate_only(), told.match()],
        requestBody=body,
    )


def delete_operation(told: Telling) -> Operation:
    """`DELETE /<resources>/<id>`."""
    return told.operation(
        "delete",
        f"Delete one of {told.title}",
        {"204": {"description": "Deleted"}},
        unsafe=True,
        parameters=[validate_only(), told.match()],
    )
