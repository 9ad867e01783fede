"""What no document tells of a request: the values of a path, a body that proves something.

A route whose request can be made from the OpenAPI document needs none of it. Where one is missing the
run says for which route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Value = Any | Callable[[], Any]


@dataclass(frozen=True)
class Supply:
    """For one route, or one method of it: what its path holds, its body, its headers.

    A value may be a function, which is called when the request is made. A body that is not bytes goes as
    JSON.
    """

    path: Mapping[str, Value] = field(default_factory=dict)
    body: Value = None
    headers: Mapping[str, str] = field(default_factory=dict)


Supplies = Mapping[str, Supply]
"""`route` or `METHOD route` -> what it takes."""


def supply_of(supplies: Supplies, route: str, method: str) -> Supply:
    """What is supplied for a request; nothing where nothing is."""
    return supplies.get(f"{method} {route}") or supplies.get(route) or Supply()


def said(value: Value) -> Any:
    """A value, or what the function gives."""
    return value() if callable(value) else value
