"""The routes of an addon as one who tries the handles sees them: paths, methods, permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PLACEHOLDER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
_VERB = re.compile(r":[\w-]+")


@dataclass(frozen=True)
class View:
    """One view on a route; `methods` None is every method."""

    name: str
    permission: str | None
    methods: frozenset[str] | None
    target: Any = None
    because: str | None = None


@dataclass(frozen=True)
class Door:
    """One route with its views. `static` is the asset whose files it serves, `methods` those it takes."""

    name: str
    pattern: str
    views: tuple[View, ...]
    static: str | None = None
    methods: tuple[str, ...] = METHODS

    def permission(self, method: str) -> str | None:
        """The permission that a method asks for; None where no view takes it."""
        exact = [one for one in self.views if one.methods and method in one.methods]
        found = exact or [one for one in self.views if one.methods is None]
        permissions = {one.permission for one in found}
        # Views that other predicates tell apart: what one of them opens is open.
        return "public" if "public" in permissions else next(iter(permissions), None)

    def example(self, identifier: str) -> str:
        """A path that matches the pattern, with an id where it wants something."""

        def fill(match: re.Match[str]) -> str:
            said = match[2] or ""
            return said if _VERB.fullmatch(said) else identifier

        path = _PLACEHOLDER.sub(fill, self.pattern)
        return "/" + re.sub(r"\*\w+$", "x", path).lstrip("/")


def doors_of(registry: Any, addon: str) -> Iterator[Door]:
    """The routes that an addon declares, and those of others on which it declares views."""
    views: dict[str, list[View]] = {}
    own: set[str] = set()
    for entry in registry.introspector.get_category("views") or ():
        intr, route = entry["introspectable"], entry["introspectable"].get("route_name")
        if route is None:
            continue
        views.setdefault(route, []).append(_view(intr, entry["related"]))
        if intr.get("addon") == addon:
            own.add(route)
    for entry in registry.introspector.get_category("routes") or ():
        intr = entry["introspectable"]
        name = intr["name"]
        if (intr.get("addon") == addon or name in own) and not intr.get("static"):
            yield Door(name, intr["pattern"], tuple(views.get(name, ())))


def doors_in(registry: Any) -> Iterator[Door]:
    """All routes of a composition with all of their views, static ones too."""
    introspector = registry.introspector
    views: dict[str, list[View]] = {}
    for entry in introspector.get_category("views") or ():
        intr = entry["introspectable"]
        if (route := intr.get("route_name")) is not None:
            views.setdefault(route, []).append(_view(intr, entry["related"]))
    static = {
        f"__{entry['introspectable']['name']}": entry["introspectable"]["spec"]
        for entry in introspector.get_category("static views") or ()
    }
    for entry in introspector.get_category("routes") or ():
        intr = entry["introspectable"]
        name, taken = intr["name"], intr.get("request_methods") or METHODS
        yield Door(
            name, intr["pattern"], tuple(views.get(name, ())), static.get(name),
            tuple(one for one in METHODS if one in taken),
        )  # fmt: skip


def _view(intr: Any, related: Any) -> View:
    permissions = [one["value"] for one in related if one.category_name == "permissions"]
    said = intr.get("request_methods")
    methods = None if said is None else frozenset([said] if isinstance(said, str) else said)
    target, because = intr.get("callable"), intr.get("public_because")
    name = f"{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', intr.title)}"
    return View(name, permissions[0] if permissions else None, methods, target, because)
