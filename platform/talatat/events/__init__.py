"""Events: told inside a transaction, and after its commit through the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talatat.events.event import Event, emit
from talatat.events.outbox import Outbox, Subscriber

if TYPE_CHECKING:
    from pyramid.config import Configurator

__all__ = ["Event", "Outbox", "Subscriber", "emit"]


def includeme(config: Configurator) -> None:
    """Let the outbox call subscribers with this registry."""
    config.registry.system.outbox.bind(config.registry)
