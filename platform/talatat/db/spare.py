"""`Spare`: connections that requests have worked with, kept at hand for the next ones.

To take a connection from SQLAlchemy's pool and to give it back costs as much as to read a row with it. So some of the
pool's connections stay out of it, for requests that begin by reading: half of its size at most, and none as soon as somebody else wants
one while the pool has none at hand. They have no transaction, and nobody who listens to the pool misses anything:
where somebody does, each goes back at once.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, event

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Spare:
    """Those of one engine. For all threads; what a fork inherits is its parent's, and is left alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: deque[Any] = deque()
        event.listen(engine, "engine_disposed", self._disposed)
        _all.add(self)

    def __len__(self) -> int:
        return len(self._kept)

    def take(self) -> Any:
        """A connection without a transaction; where none can be made, the error that SQLAlchemy makes of it."""
        try:
            return self._kept.pop()
        except IndexError:
            return connected(self._engine)

    def give(self, fairy: Any) -> None:
        """Keep a connection that was taken, or give it back to the pool."""
        pool: Any = self._engine.pool
        checkout, checkin = pool.dispatch.checkout, pool.dispatch.checkin
        if (
            len(self._kept) * 2 < pool.size() - 1
            # Else somebody may be waiting for just this one.
            and (pool.overflow() < pool._max_overflow or pool.checkedin())
            and fairy.driver_connection.pgconn.transaction_status == TransactionStatus.IDLE
            and not (checkout.listeners or checkout.parent_listeners)
            and not (checkin.listeners or checkin.parent_listeners)
        ):
            self._kept.append(fairy)
        else:
            fairy.close()

    def make_room(self) -> None:
        """Somebody is about to take a connection from the pool: if it has none, here are some."""
        pool: Any = self._engine.pool
        if self._kept and pool.checkedin() == 0:
            for fairy in self._emptied():
                fairy.close()

    def forget(self) -> None:
        """This process has not made these connections, and must not end them."""
        self._kept = deque()

    def _disposed(self, engine: Engine) -> None:
        for fairy in self._emptied():
            fairy.invalidate()  # the pool that it would go back to is gone

    def _emptied(self) -> list[Any]:
        found = []
        while self._kept:
            try:
                found.append(self._kept.pop())
            except IndexError:  # somebody was quicker
                break
        return found


def connected(engine: Engine) -> Any:
    """A connection of the pool; where none can be made, the error that SQLAlchemy makes of the driver's."""
    try:
        return engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        Connection._handle_dbapi_exception_noconnection(error, engine.dialect, engine)


_all: weakref.WeakSet[Spare] = weakref.WeakSet()


def _forked() -> None:
    for one in list(_all):
        one.forget()


os.register_at_fork(after_in_child=_forked)
