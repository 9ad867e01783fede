"""`Event`: something that happened, told inside the transaction and, after it commits, outside of it.

    @dataclass
    class OrderPlaced(Event):
        order_id: str
        total: Money

    emit(request, OrderPlaced(order.id, order.total))

`config.add_subscriber(fn, OrderPlaced)` calls `fn(event)` at once, in the transaction: what it raises
undoes the whole. `config.add_subscriber_after_commit(fn, OrderPlaced)` calls it in a transaction of its
own once the first has committed, at least once, through the outbox. An event holds plain values, never
rows: it may be read by another process, a day later.
"""

from __future__ import annotations

from typing import Any, ClassVar
from weakref import WeakValueDictionary

from talatat.db.ids import new_id

_classes: WeakValueDictionary[str, type[Event]] = WeakValueDictionary()


class Event:
    """Base of all events; subclasses are dataclasses, frozen or not.

    `request` is the request that the event happened in, or, after commit, a fresh one with `db`, `tm`
    and `registry`. `key` stays the same however often one delivery is tried: remember it where doing
    something twice would hurt.
    """

    request: ClassVar[Any] = None
    key: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _classes[name_of(cls)] = cls


def name_of(cls: type[Any]) -> str:
    """Return the name by which an event's class, or a subscriber, is known in the outbox."""
    return f"{cls.__module__}.{cls.__qualname__}"


def find_event(name: str) -> type[Event] | None:
    """Return the event class of that name, if its addon is imported in this process."""
    return _classes.get(name)


def bind(event: Event, request: Any, key: str) -> None:
    """Give an event its request and its key (which a frozen dataclass would not let be set)."""
    object.__setattr__(event, "request", request)
    object.__setattr__(event, "key", key)


def emit(request: Any, event: Event) -> None:
    """Tell everybody who subscribed to `event`.

    `request` is a request, or anything that has `registry`, `db` and `tm`. Subscribers in the
    transaction are called now; rows for those after the commit are written to the same transaction.
    """
    bind(event, request, new_id())
    request.registry.notify(event)
    request.registry.system.outbox.write(request, event)
