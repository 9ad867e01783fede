"""Which fields of a document a request may write, and what a replacement leaves alone.

A field that is named without its permission is refused, whatever it is set to: were an equal value taken,
one could try values until one fits. What is not named stays where the request may not see or not write it,
so that a PUT by somebody who knows half of a row does not reset the other half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import colander

from talatat.problems import Problem
from talatat.resources.extensions import ExtensionFields
from talatat.schema.faults import Fault, escape, fault
from talatat.schema.reading import ObjectReader

if TYPE_CHECKING:
    from pyramid.request import Request

OWN = ""
"""Stands for the resource's own schema where others are named by their addon."""


class Rights:
    """The permissions of the fields of one resource and of its extensions, for writes."""

    def __init__(self, schema: colander.SchemaNode, extensions: Sequence[ExtensionFields]) -> None:
        self._schemas = {OWN: schema, **{one.addon: one.schema for one in extensions}}
        self._readers: dict[tuple[str, frozenset[str]], ObjectReader] = {}
        self._named = {
            addon: frozenset(
                permission
                for node in one.children
                for permission in (_reading(node), _writing(node))
                if permission
            )
            for addon, one in self._schemas.items()
        }

    def is_hidden(self, request: Request, node: colander.SchemaNode) -> bool:
        """Whether the request may not see a field."""
        permission = _reading(node)
        return permission is not None and not request.has_permission(permission)

    def replacing(self, request: Request, addon: str) -> ObjectReader:
        """The reader of a document that replaces: what stays may be left out of it."""
        lacking = frozenset(one for one in self._named[addon] if not request.has_permission(one))
        key = (addon, lacking)
        if key not in self._readers:
            self._readers[key] = ObjectReader(_relaxed(self._schemas[addon], lacking, addon))
        return self._readers[key]

    def refuse_protected(self, request: Request, body: dict[str, Any]) -> None:
        """Problem 403 that names each field of `body` that this request may not write."""
        refused = list(self._refused(request, body))
        if refused:
            detail = f"{refused[0]['pointer']} {refused[0]['detail']}"
            raise Problem(403, "forbidden", detail, refused)

    def _refused(self, request: Request, body: dict[str, Any]) -> Iterator[Fault]:
        for addon, schema in self._schemas.items():
            if addon and addon not in body:
                continue
            given, pointer = (body[addon], f"/{addon}") if addon else (body, "")
            if not isinstance(given, dict):  # null takes the row away, and all that it holds
                if not all(map(request.has_permission, self._named[addon])):
                    yield fault(pointer, "forbidden", "may not be removed with these credentials")
                continue
            for node in schema.children:
                permission = _writing(node)
                if permission and node.name in given and not request.has_permission(permission):
                    where = f"{pointer}/{escape(node.name)}"
                    yield fault(where, "forbidden", "may not be written with these credentials")


def _reading(node: Any) -> str | None:
    permission: str | None = getattr(node, "read_permission", None)
    return permission


def _writing(node: Any) -> str | None:
    permission: str | None = getattr(node, "write_permission", None)
    return permission


def _relaxed(
    schema: colander.SchemaNode, lacking: frozenset[str], addon: str
) -> colander.SchemaNode:
    """The schema in which what is set at creation only, or takes what is lacking, may be left out."""
    relaxed = schema.clone()
    for node in relaxed.children:
        created = addon == OWN and getattr(node, "create_only", False)
        if created or not lacking.isdisjoint({_reading(node), _writing(node)}):
            node.missing = colander.drop
    return relaxed
