"""`Try`: one thing that can be asked of a composition, found in its introspector.

A route has a try for each method that a view of it takes, and for each variant that a resource has of
it: a merge patch and a JSON patch, each operation in a batch, an exact count, each relation that can be
expanded. The methods that no view takes are one try more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from talatat.resources.declaration import Resource
from talatat.resources.listing.counting import PERMISSION as COUNT
from talatat.resources.writing.batch import OPERATIONS as BATCHED
from talatat.security.grants import AUTHENTICATED, PUBLIC
from talatat.security.narrowing import is_access
from talatat.testing.conformance.routes import METHODS, Door, doors_in

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource

JSON_PATCH = "json-patch"
NOT_OFFERED = "not offered"

_VERB = re.compile(r"\{_verb:(:[\w-]+)\}")
_PATTERN = re.compile(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}")


@dataclass(frozen=True)
class Try:
    """One request that every actor sends.

    `needs` are the permissions that let it through; `rows` is "own" where the resource narrows rows to
    those of who asks, "all" where it does not, and empty for what is no resource.
    """

    route: str
    path: str
    method: str
    variant: str = ""
    permission: str = ""
    needs: frozenset[str] = frozenset()
    rows: str = ""
    operation: str = ""
    bound: BoundResource | None = field(default=None, compare=False, repr=False)
    static: str | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What a line of the file is found by."""
        return (self.route, self.method, self.variant)

    @property
    def name(self) -> str:
        """As a report names it."""
        return " ".join(part for part in (self.method, self.path, self.variant) if part)

    @property
    def offered(self) -> bool:
        """Whether a view takes it at all."""
        return self.variant != NOT_OFFERED


def tries_of(registry: Any) -> list[Try]:
    """Everything that can be asked, in the order of routes and methods."""
    found: list[Try] = []
    for door in doors_in(registry):
        found += _tries(registry, door)
    return sorted(found, key=lambda one: one.key)


def _tries(registry: Any, door: Door) -> Iterator[Try]:
    path = documented(door.pattern)
    offered = [one for one in METHODS if _taken(door, one)]
    for method in offered:
        permission = door.permission(method) or ""
        bound, operation = _resource_of(registry, door, method)
        plain = Try(
            door.name, path, method, "", permission, _needs(permission),
            _rows(bound), operation, bound, door.static,
        )  # fmt: skip
        yield from [plain] if bound is None else _variants(plain, bound)
    left = tuple(one for one in METHODS if one not in offered)
    if left:
        yield Try(door.name, path, " ".join(left), NOT_OFFERED, static=door.static)


def _variants(plain: Try, bound: BoundResource) -> Iterator[Try]:
    """The request, and what else may be asked by it."""
    if plain.operation == "batch":
        for name in BATCHED:
            if name in bound.declaration.operations:
                asked = bound.permission(name)
                needs = _needs(plain.permission) | _needs(asked or "")
                yield replace(plain, variant=name, needs=needs)
        return
    yield plain
    if plain.operation == "patch":
        yield replace(plain, variant=JSON_PATCH)
    if plain.operation in ("list", "search"):
        yield replace(plain, variant="count=exact", needs=plain.needs | {COUNT})
    if plain.operation in ("list", "get", "changes"):
        for name, relation in bound.plans.relations.items():
            needs = plain.needs | {one for one in relation.permissions if not is_access(one)}
            yield replace(plain, variant=f"expand={name}", needs=needs)


def _needs(permission: str) -> frozenset[str]:
    return frozenset({permission} - {PUBLIC, AUTHENTICATED, ""})


def _rows(bound: BoundResource | None) -> str:
    if bound is None:
        return ""
    return "all" if type(bound.resource).scope is Resource.scope else "own"


def _taken(door: Door, method: str) -> bool:
    """Whether a view that is more than a fallback takes a method."""
    if door.static is not None:
        return method == "GET"
    exact = [one for one in door.views if one.methods and method in one.methods]
    any_method = [one for one in door.views if one.methods is None]
    has_others = any(one.methods for one in door.views)
    return bool(exact) or (bool(any_method) and not has_others and method in door.methods)


def _resource_of(registry: Any, door: Door, method: str) -> tuple[BoundResource | None, str]:
    """(the resource whose operation a view is, the operation or the verb)."""
    for view in door.views:
        declaration = getattr(view.target, "talatat_resource", None)
        if declaration is None or method not in (view.methods or ()):
            continue
        for bound in registry.system.resources.values():
            if bound.declaration is declaration and documented(door.pattern).startswith(bound.path):
                return bound, view.target.__name__
    return None, ""


def documented(pattern: str) -> str:
    """The path of a route as the document writes it: `/api/shelf/v1/items/{id}:sell`."""
    path = _PATTERN.sub(r"{\1}", _VERB.sub(r"\1", pattern))
    return "/" + path.lstrip("/")
