"""The directive of this room: `config.add_subscriber_after_commit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.config import PHASE0_CONFIG
from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.events.codec import undecodable
from talatat.events.event import Event, name_of
from talatat.events.outbox import Subscriber

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator


class EventDirectives:
    """Directives that concern events, for the Configurator."""

    @action_method
    def add_subscriber_after_commit(
        self: Configurator, subscriber: Any, event: Any, name: str | None = None
    ) -> None:
        """Call `subscriber(event)` after the transaction in which the event happened has committed.

        At least once, in a transaction of its own, with `event.key` the same at each try. The name
        under which deliveries wait is the function's dotted name; a function that was renamed or moved
        gives its former one as `name`, so that what waits is still delivered.
        """
        function, event = self.maybe_dotted(subscriber), self.maybe_dotted(event)
        if not isinstance(event, type) or not issubclass(event, Event):
            raise ConfigurationError(f"{event!r} is not a subclass of talatat.events.Event")
        if event is not Event and (problems := undecodable(event)):
            raise ConfigurationError(". ".join(problems))
        name = name or name_of(function)
        intr = self.introspectable(
            "talatat subscribers after commit",
            (name_of(event), name),
            name,
            "subscriber after commit",
        )
        intr["subscriber"], intr["event"], intr["name"] = function, event, name
        one = Subscriber(name, self.owner, event, function)
        outbox = self.registry.system.outbox
        self.action(
            ("subscriber after commit", name),
            lambda: outbox.add(one),
            introspectables=(intr,),
            order=PHASE0_CONFIG,
        )
