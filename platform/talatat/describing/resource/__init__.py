"""A declared resource in OpenAPI: its paths, parameters, bodies and schemas.

telling    what all operations of one resource are told with
reading    list and get; a list's parameters
writing    create, replace, patch, delete
actions    the verbs that the resource declares
searching  a list whose conditions are a tree
batch      many writes at once
changes    the change feed, and restoring what was deleted
schemas    what is shown, what bodies hold, a page

What every operation has (errors, headers, examples) is added to the whole document, see `completing`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from talatat.describing.resource.actions import action_operation, action_path
from talatat.describing.resource.batch import batch_path
from talatat.describing.resource.changes import changes_paths
from talatat.describing.resource.reading import get_operation, list_operation
from talatat.describing.resource.schemas import schemas_of
from talatat.describing.resource.searching import search_operation
from talatat.describing.resource.telling import Operation, Telling
from talatat.describing.resource.writing import (
    create_operation,
    delete_operation,
    patch_operation,
    replace_operation,
)
from talatat.resources.declaration import actions_of

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource

Described = tuple[dict[str, Any], dict[str, Any]]
Maker = Callable[[Telling], Operation]

COLLECTION: dict[str, tuple[str, Maker]] = {
    "list": ("get", list_operation),
    "create": ("post", create_operation),
}
ITEM: dict[str, tuple[str, Maker]] = {
    "get": ("get", get_operation),
    "replace": ("put", replace_operation),
    "patch": ("patch", patch_operation),
    "delete": ("delete", delete_operation),
}


def describe_resource(bound: BoundResource) -> Described:
    """(paths, schemas) of one resource."""
    told = Telling(bound)
    return _paths(told), schemas_of(told)


def _paths(told: Telling) -> dict[str, Any]:
    """The collection, the items and the actions."""
    found: dict[str, Any] = {}
    if collection := _made(told, COLLECTION):
        found[told.path] = collection
    if item := _made(told, ITEM):
        found[told.item_path] = {"parameters": [told.identifier()], **item}
    for action in actions_of(told.declaration):
        described: dict[str, Any] = {"post": action_operation(told, action)}
        if action.level == "item":
            described = {"parameters": [told.identifier()], **described}
        found[action_path(told, action)] = described
    if "list" in told.operations:
        found[f"{told.path}:search"] = {"post": search_operation(told)}
    return found | batch_path(told) | changes_paths(told)


def _made(told: Telling, makers: dict[str, tuple[str, Maker]]) -> dict[str, Any]:
    return {
        method: make(told) for name, (method, make) in makers.items() if name in told.operations
    }
