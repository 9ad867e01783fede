"""The registry of a composed system: Pyramid's, which asks once whether anybody hears of a kind of event.

Pyramid tells five events of each request. As soon as an addon subscribes to any event at all, each of them is looked
up among the subscribers, anew for each request, though nobody may have subscribed to it.
"""

from __future__ import annotations

from typing import Any

from pyramid.registry import Registry as PyramidRegistry
from zope.interface import providedBy


class Registry(PyramidRegistry):
    """See the module."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        self._unheard: set[type[Any]] = set()  # classes of events that nobody has subscribed to
        super().__init__(*args, **kw)

    def notify(self, *events: Any) -> None:
        """Call the subscribers of an event."""
        if not self.has_listeners:
            return
        if len(events) == 1:
            event = events[0]
            kind = type(event)
            # One event may provide what its class does not.
            alone = "__provides__" in getattr(event, "__dict__", ())
            if kind in self._unheard and not alone:
                return
            if not self.adapters.subscriptions([providedBy(event)], None):
                if not alone:
                    self._unheard.add(kind)
                return
        super().notify(*events)

    def registerHandler(self, *args: Any, **kw: Any) -> Any:  # noqa: N802  # zope's name
        """Subscribe; what nobody heard of so far somebody may hear of now."""
        found = super().registerHandler(*args, **kw)
        self._unheard.clear()
        return found

    def registerSubscriptionAdapter(self, *args: Any, **kw: Any) -> Any:  # noqa: N802  # zope's name
        """The same."""
        found = super().registerSubscriptionAdapter(*args, **kw)
        self._unheard.clear()
        return found
