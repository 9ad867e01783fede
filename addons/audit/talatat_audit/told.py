"""What `talatat.security` tells: logins, tokens, refusals, each one entry.

What succeeded belongs to the request's transaction, and stands or falls with it. What failed or was
refused usually ends that transaction: it is written in one of its own, once the request's is over, since
on SQLite the two would wait for each other.
"""

from __future__ import annotations

from typing import Any

from transaction.interfaces import NoTransaction

from talatat.security.event import SecurityEvent
from talatat_audit.capturing import noted
from talatat_audit.context import context_told
from talatat_audit.values import plain
from talatat_audit.writing import Row, row, write_now


class Told:
    """The subscriber of one system."""

    def __init__(self, system: Any) -> None:
        self.system = system

    def __call__(self, event: SecurityEvent) -> None:
        made = entry_of(event)
        transaction = _transaction_of(event.request)
        if transaction is None:
            write_now(self.system.database, [made])
        elif event.outcome == "succeeded":
            noted(event.request.db, made)
        else:
            waiting = [made]  # a commit that fails is followed by an abort: written once
            transaction.addAfterCommitHook(self._after, (waiting,))
            transaction.addAfterAbortHook(self._after, (False, waiting))

    def _after(self, _: bool, waiting: list[Row]) -> None:
        if waiting:
            write_now(self.system.database, [waiting.pop()])


def entry_of(event: SecurityEvent) -> Row:
    """The entry of a security event: its details as `after`, `reason` apart."""
    details = {name: plain(value) for name, value in event.details.items()}
    reason = details.pop("reason", None)
    return row(
        context_told(event.request),
        event.name.partition(".")[0],
        event.name,
        outcome=event.outcome,
        reason=None if reason is None else str(reason),
        subject=event.subject,
        after=details or None,
    )


def _transaction_of(request: Any) -> Any:
    """The transaction that the request is in, or None."""
    manager = getattr(request, "tm", None)
    try:
        return None if manager is None else manager.get()
    except NoTransaction:
        return None
