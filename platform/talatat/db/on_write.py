"""Listening to what is written of a model, in a way that needs no session.

    @on_write(Product, "after_update")
    def index_changed(connection, product): ...

This is SQLAlchemy's mapper event of that name. Its listener promises to look at the columns of the entity and
at their history alone, and to write by the connection it is given. So it is called too where a row is written
without a session, which an ordinary listener would keep from happening.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.orm.interfaces import EXT_CONTINUE

Wrote = Callable[[Connection, Any], None]
"""(connection, entity) -> None."""

Listener = TypeVar("Listener", bound=Wrote)
When = Literal["after_insert", "after_update"]
_PLAIN = "talatat_wrote"  # an attribute of the listener of SQLAlchemy's that calls one of these


def on_write(model: type[Any], when: When) -> Callable[[Listener], Listener]:
    """Call a function after each row of `model` that is inserted, or updated."""

    def listen(function: Listener) -> Listener:
        def heard(mapper: Any, connection: Connection, state: Any) -> Any:
            function(connection, state.obj())
            return EXT_CONTINUE

        setattr(heard, _PLAIN, function)
        event.listen(model, when, heard, raw=True, retval=True, propagate=True)
        return function

    return listen


def listeners(heard: Any) -> tuple[Wrote, ...] | None:
    """Those who listen to an event of a mapper; None where one of them needs a session."""
    found = [getattr(one, _PLAIN, None) for one in heard]
    return None if None in found else tuple(found)  # type: ignore[arg-type]  # there is none
