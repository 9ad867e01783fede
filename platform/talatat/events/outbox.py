"""The outbox: nothing is lost between a commit and what must follow it.

`write` puts a row for each subscriber into the transaction in which the event happened. Once that has
committed, a row is delivered in a transaction of its own, which ends with the row's deletion: what a
subscriber does to the database is done exactly once, what it does elsewhere at least once, under a key
that stays the same. A failure is tried again, later and later. A row whose subscriber is not composed
stays and waits for its addon.

Several processes share the work: on PostgreSQL a row under delivery is locked and skipped by the others
(`FOR UPDATE SKIP LOCKED`); on SQLite BEGIN IMMEDIATE lets one deliver at a time. Both let go at once
when a process is killed.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyramid.registry import Registry
from pyramid.threadlocal import RequestContext
from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session
from transaction import TransactionManager

from talatat.db.ids import new_id
from talatat.db.origin import Origin, acting_as
from talatat.db.prepared import Prepared
from talatat.db.retry import is_retryable
from talatat.db.session import Database
from talatat.db.types import utcnow
from talatat.db.unsent import unsent_request
from talatat.db.work import work_of
from talatat.events.codec import decode_event, encode
from talatat.events.courier import Courier
from talatat.events.event import Event, bind, find_event, name_of
from talatat.events.table import outbox

log = logging.getLogger(__name__)

WRITE = Prepared(
    insert(outbox).values(
        {one.name: bindparam(f"new_{one.name}", type_=one.type) for one in outbox.c}
    )
)
LONGEST_PAUSE = 3600.0
LONGEST_ERROR = 2000


@dataclass(frozen=True)
class Subscriber:
    """A function that is called after the commit; `name` stays the same over restarts."""

    name: str
    addon: str
    event: type[Event]
    function: Callable[[Any], object]


class Outbox:
    """The outbox of one composed system. `automatic = False` leaves delivery to `deliver` (tests)."""

    def __init__(self) -> None:
        self.subscribers: dict[str, Subscriber] = {}
        self.automatic = True
        self._registry: Registry | None = None
        self._courier = Courier(self.deliver, self.next_due)

    def bind(self, registry: Registry) -> None:
        """Tell which registry subscribers are called with."""
        self._registry = registry

    def add(self, subscriber: Subscriber) -> None:
        """Take note of a subscriber."""
        self.subscribers[subscriber.name] = subscriber

    def write(self, request: Any, event: Event, after: float = 0.0) -> int:
        """Write a row for each subscriber of `event` to the request's transaction; return how many.

        They are due `after` so many seconds.
        """
        now = utcnow()
        rows = [
            {
                "new_id": new_id(),
                "new_addon": one.addon,
                "new_subscriber": one.name,
                "new_event": name_of(type(event)),
                "new_payload": encode(event),
                "new_created_at": now,
                "new_due_at": now + timedelta(seconds=after),
                "new_attempts": 0,
                "new_error": None,
            }
            for one in self.subscribers.values()
            if isinstance(event, one.event)
        ]
        work = work_of(request)
        for row in rows:
            work.execute(WRITE, row)
        if rows:
            transaction = request.tm.get()
            if self._committed not in [hook for hook, *_ in transaction.getAfterCommitHooks()]:
                transaction.addAfterCommitHook(self._committed)
        return len(rows)

    def start(self) -> None:
        """Start the thread that delivers, unless it runs or delivery is not automatic."""
        if self.automatic and self._registry is not None:
            self._courier.start()

    def stop(self) -> None:
        """End the thread; a delivery under way is finished first."""
        self._courier.stop()

    def deliver(self, *, overdue_only: bool = True) -> int:
        """Deliver what is pending, now and in this thread; return how many were delivered.

        `overdue_only=False` also tries, once, those that wait for another try after a failure.
        Failures are logged and kept with their row; raises what the database raises.
        """
        delivered = 0
        failed: set[str] = set()
        moment = utcnow() if overdue_only else None
        if not self.subscribers or not self._pending(moment):
            return 0
        while (outcome := self._deliver_one(moment, failed)) is not None:
            delivered += outcome
        return delivered

    def pending(self) -> int:
        """Return how many rows wait, those of sleeping addons included."""
        with self._database.transaction(reading=True) as (_, session):
            return session.scalar(select(func.count()).select_from(outbox)) or 0

    def next_due(self) -> datetime | None:
        """Return when the next row of a composed subscriber is due, or None."""
        with self._database.transaction(reading=True) as (_, session):
            due: datetime | None = session.scalar(
                select(func.min(outbox.c.due_at)).where(outbox.c.subscriber.in_(self.subscribers))
            )
            return due

    @property
    def _database(self) -> Database:
        assert self._registry is not None, "the outbox is bound by talatat.events.includeme"
        database: Database = self._registry.system.database
        return database

    def _committed(self, success: bool) -> None:
        if success and self.automatic:
            self.start()
            self._courier.wake()

    def _conditions(self, moment: datetime | None, failed: set[str]) -> list[Any]:
        conditions: list[Any] = [outbox.c.subscriber.in_(self.subscribers)]
        if moment is not None:
            conditions.append(outbox.c.due_at <= moment)
        if failed:
            conditions.append(outbox.c.id.not_in(failed))
        return conditions

    def _pending(self, moment: datetime | None) -> bool:
        """Look without a lock first: an idle process must not take SQLite's write lock."""
        with self._database.transaction(reading=True) as (_, session):
            query = select(outbox.c.id).where(*self._conditions(moment, set())).limit(1)
            return session.scalar(query) is not None

    def _deliver_one(self, moment: datetime | None, failed: set[str]) -> int | None:
        """Deliver the next row: 1, or 0 when it failed, or None when there is none to be had."""
        row: Row[Any] | None = None
        try:
            with self._database.transaction() as (tm, session):
                query = (
                    select(outbox)
                    .where(*self._conditions(moment, failed))
                    .order_by(outbox.c.due_at, outbox.c.id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
                row = session.execute(query).first()
                if row is None:
                    return None
                self._call(row, tm, session)
                session.execute(delete(outbox).where(outbox.c.id == row.id))
        except (Exception, SystemExit) as error:
            # SystemExit, too: it would end the thread without a word, again at every start.
            if row is None:
                raise
            failed.add(row.id)
            self._failed(row, error)
            return 0
        return 1

    def _call(self, row: Row[Any], tm: TransactionManager, session: Session) -> None:
        subscriber = self.subscribers[row.subscriber]
        cls = find_event(row.event)
        if cls is None:
            raise LookupError(f"the event {row.event} is not known: its addon is not composed")
        event = decode_event(cls, row.payload)
        assert self._registry is not None
        request = unsent_request(self._registry, tm, session)
        bind(event, request, row.id)
        origin = Origin("outbox", subscriber.addon, subscriber.name)
        with RequestContext(request), acting_as(origin):
            subscriber.function(event)

    def _failed(self, row: Row[Any], error: BaseException) -> None:
        attempts = row.attempts + 1
        again = is_retryable(error)  # a deadlock is nobody's fault and soon over
        pause = min((0.1 if again else 1.0) * 2**attempts, LONGEST_PAUSE)
        pause *= 1 + random.random() / 4  # noqa: S311  # spreads tries, keeps no secret
        log.warning(
            "event %s was not delivered to %s of addon %s (attempt %d, next in %.0f s): %s",
            row.event, row.subscriber, row.addon, attempts, pause, error,
            exc_info=None if again else error,
        )  # fmt: skip
        with self._database.transaction() as (_, session):
            session.execute(
                update(outbox)
                .where(outbox.c.id == row.id)
                .values(
                    attempts=attempts,
                    due_at=utcnow() + timedelta(seconds=pause),
                    error=f"{type(error).__name__}: {error}"[:LONGEST_ERROR],
                )
            )
