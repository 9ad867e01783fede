"""Routes that never, or not always, get the requests for their pattern: another addon's comes first.

Whether two patterns meet is found out by asking: a path that the one route matches is shown to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pyramid.interfaces import IRoutesMapper

_PART = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}|\*(\w+)$")
# Values for the parts of a pattern that vary; one of them satisfies nearly every expression.
_SAMPLES = (
    "a",
    "1",
    "a-1",
    "2024-01-31",
    "01890a5d-ac96-774b-bcce-b302099a8057",
    "a.b",
    "A",
    "x/y",
)


def shadows_of(registry: Any, routes: dict[str, Any]) -> list[dict[str, Any]]:
    """[{route, addon, by, by_addon, whole}], sorted.

    `route` is matched later than `by`, a route of another addon. `whole` says that `by` takes every
    request that `route` would match; otherwise it takes some of them.
    """
    mapper = registry.queryUtility(IRoutesMapper)
    compiled = [
        _Compiled(one, routes[one.name]) for one in mapper.get_routes() if one.name in routes
    ]
    return sorted(_found(compiled), key=lambda one: (one["route"], one["by"]))


class _Compiled:
    """A route, its static beginning, and a path that it matches."""

    def __init__(self, route: Any, said: dict[str, Any]) -> None:
        self.name, self.match = route.name, route.match
        self.addon, self.methods = said["addon"], set(said["methods"])
        # Other predicates than the method: when they hold, nobody can tell from here.
        self.conditional = len(route.predicates) > bool(said["methods"])
        pattern = "/" + route.pattern.lstrip("/")
        self.head = _PART.split(pattern, maxsplit=1)[0]
        self.sample = next((path for path in _paths(pattern) if self.match(path) is not None), None)

    def takes(self, other: _Compiled) -> bool:
        """Whether this route matches the path of `other`."""
        return other.sample is not None and self.match(other.sample) is not None


def _paths(pattern: str) -> Iterator[str]:
    for sample in _SAMPLES:
        yield _PART.sub(sample, pattern)


def _found(compiled: list[_Compiled]) -> Iterator[dict[str, Any]]:
    for number, late in enumerate(compiled):
        for early in compiled[:number]:
            if early.addon == late.addon or early.conditional:
                continue
            if not (early.head.startswith(late.head) or late.head.startswith(early.head)):
                continue
            if early.methods and late.methods and not early.methods & late.methods:
                continue
            whole = early.takes(late) and (
                not early.methods or early.methods >= late.methods > set()
            )
            if whole or early.takes(late) or late.takes(early):
                yield {
                    "route": late.name,
                    "addon": late.addon,
                    "by": early.name,
                    "by_addon": early.addon,
                    "whole": bool(whole),
                }
