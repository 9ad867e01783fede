"""Who may do what: permissions, roles, ways to sign in, and what a resource lets whom see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.configuration.provenance import digest, source_of
from talatat.evolution.surface.web import dotted, entries
from talatat.resources import Resource
from talatat.security.grants import covered
from talatat.system import System


def permissions_of(system: System) -> dict[str, Any]:
    """{permission: {addon, title}}."""
    return {
        name: {"addon": one.addon, "title": one.title}
        for name, one in system.security.permissions.items()
    }


def roles_of(system: System) -> dict[str, Any]:
    """{role: {addon, permissions, holds}}: patterns as declared, and the permissions that they cover."""
    names = sorted(system.security.permissions)
    return {
        name: {
            "addon": one.addon,
            "permissions": sorted(one.permissions),
            "holds": [permission for permission in names if covered(one.permissions, permission)],
        }
        for name, one in system.security.roles.items()
    }


def identity_sources_of(registry: Any) -> dict[str, Any]:
    """{source: {addon, code}}: the ways in which a request shows who makes it."""
    return {
        intr["name"]: {"addon": intr["addon"], "code": dotted(type(intr["source"]))}
        for intr, _ in entries(registry, "talatat identity sources")
    }


def resources_of(system: System) -> dict[str, Any]:
    """{resource: {addon, operations, scope, fields}}.

    `operations` are the permissions asked for, by operation; `scope` is the digest of the code that
    narrows the rows which a request sees, None where all rows are seen; `fields` are those that take a
    permission of their own, {field: {read, write}}.
    """
    found = {}
    for name, bound in ((one.full_name, one) for one in system.resources.values()):
        declaration = bound.declaration
        own_scope = declaration.scope is not Resource.scope
        fields = dict(_guarded(bound.schema, ""))
        for one in bound.extensions:
            fields.update(_guarded(one.schema, f"{one.addon}."))
        found[name] = {
            "addon": bound.introspectable.get("addon"),
            "operations": {one: bound.permission(one) for one in sorted(declaration.operations)},
            "scope": digest(source_of(declaration.scope)) if own_scope else None,
            "fields": fields,
        }
    return found


def _guarded(node: Any, path: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    for child in node.children:
        reading = getattr(child, "read_permission", None)
        writing = getattr(child, "write_permission", None)
        if reading or writing:
            yield f"{path}{child.name}", {"read": reading, "write": writing}
        yield from _guarded(child, f"{path}{child.name}.")
