"""`:changes` and `:restore` of a resource."""

from __future__ import annotations

from typing import Any

from talatat.describing.failures import failures
from talatat.describing.headers import headers
from talatat.describing.resource.telling import (
    Operation,
    Telling,
    none_match,
    not_modified,
    validate_only,
)
from talatat.describing.shapes import content, parameter, ref
from talatat.resources.changes.restoring import restores
from talatat.resources.declaration import has_changes, idempotency_of

CHANGES = """All rows once, then whatever changes, so that a client can keep a copy.

Begin without `cursor` and follow `next`: while `more` is true at once, afterwards whenever you like. Each
item is a row as it is now, or that it was deleted; a row that changed many times comes once. Nothing is
missed, in whatever order transactions end. Where `complete` is false these credentials do not see all
rows: then rows that were deleted, or may not be seen any more, are not told. `cursor_expired` (410) says
to begin again without a cursor."""

RESTORE = """Bring back what was deleted, under its id and with all that belonged to it.

Its version goes on, so that an ETag from before the deletion does not match. It is created anew: that
permission is asked for, and hooks on creation run."""


def changes_paths(told: Telling) -> dict[str, Any]:
    """`GET /<resources>:changes` where rows can be listed, `POST .../<id>:restore` where they are kept."""
    found: dict[str, Any] = {}
    if has_changes(told.declaration):
        found[f"{told.path}:changes"] = {"get": _changes(told)}
    if restores(told.declaration):
        described = {"parameters": [told.identifier()], "post": _restore(told)}
        found[f"{told.item_path}:restore"] = described
    return found


def _changes(told: Telling) -> Operation:
    most = told.declaration.max_page_size
    limit = told.limit()
    page = {
        "description": "Changes, and where to go on",
        "headers": headers("ETag", "Link"),
        "content": content(ref(f"{told.name}.changes")),
    }
    return told.operation(
        "changes",
        f"Follow what changes of {told.title}",
        {"200": page, **not_modified(), **failures(410)},
        permission=told.bound.permission("list"),
        description=CHANGES,
        parameters=[
            parameter("cursor", {"type": "string"}, "From `next` of another answer"),
            parameter("limit", limit, f"Changes in one answer; {most} are the most"),
            *told.showing(),
            none_match(),
        ],
    )


def _restore(told: Telling) -> Operation:
    return told.operation(
        "restore",
        f"Restore one of {told.title} that was deleted",
        {"200": told.shown("The row", "ETag")},
        unsafe=True,
        permission=told.bound.permission("create"),
        description=RESTORE,
        parameters=[*told.showing(), validate_only()],
        idempotency=idempotency_of(told.declaration),
    )


def changes_schemas(told: Telling) -> dict[str, Any]:
    """The schemas of an answer of the feed and of its items."""
    if not has_changes(told.declaration):
        return {}
    owner = {"x-addon": told.bound.addon}
    moment = {"type": ["string", "null"], "format": "date-time"}
    return {
        f"{told.name}.changes": {
            "type": "object",
            **owner,
            "description": "Some changes, in the order of the feed",
            "required": ["items", "next", "more", "complete"],
            "properties": {
                "items": {"type": "array", "items": ref(f"{told.name}.change")},
                "next": {
                    "type": "string",
                    "format": "uri",
                    "description": "Where to go on, now or later",
                },
                "more": {"type": "boolean", "description": "Whether to ask for `next` at once"},
                "complete": {
                    "type": "boolean",
                    "description": "Whether deletions are told: these credentials see all rows",
                },
            },
        },
        f"{told.name}.change": {
            "type": "object",
            **owner,
            "description": "One row that changed: `item` is the row as it is now",
            "required": ["id", "deleted", "changed_at"],
            "properties": {
                "id": told.identifier()["schema"],
                "deleted": {"type": "boolean", "description": "It is gone, and has no `item`"},
                "changed_at": {**moment, "description": "When, as far as that is known"},
                "item": ref(told.name),
            },
        },
    }
