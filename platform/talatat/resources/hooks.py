"""Hooks: what other addons do when a row of a resource is created, changed or deleted.

    config.add_hook("orders.orders", "after_create", give_points)      "*" for all resources

A hook is `fn(request, obj, changes)`, in the transaction of the request. Before, `obj` is the row as
it was (a blank one for a create) and `changes` ({field: value}) are what will be written; a hook may
alter them. After, `obj` is the row as it was written, flushed. A Problem that a hook raises refuses
the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyramid.request import Request

EVENTS = tuple(
    f"{when}_{what}" for when in ("before", "after") for what in ("create", "update", "delete")
)
EVERY = "*"

Hook = Callable[["Request", Any, dict[str, Any]], Any]


@dataclass(frozen=True)
class HookDeclaration:
    """`add_hook` as an addon called it."""

    target: str
    event: str
    hook: Hook
    introspectable: Any


class Hooks:
    """The hooks of one resource, by event, in the order of composition."""

    def __init__(self, declarations: Iterable[HookDeclaration] = ()) -> None:
        self._hooks: dict[str, tuple[Hook, ...]] = {}
        for one in declarations:
            self._hooks[one.event] = (*self._hooks.get(one.event, ()), one.hook)

    def of(self, event: str) -> bool:
        """Whether there are hooks of an event."""
        return event in self._hooks

    def run(self, event: str, request: Request, obj: Any, changes: dict[str, Any]) -> bool:
        """Call the hooks of `event`; whether there are any."""
        hooks = self._hooks.get(event)
        if not hooks:
            return False
        request.db  # noqa: B018  # made now: what they are given belongs to the session
        for hook in hooks:
            hook(request, obj, changes)
        return True
