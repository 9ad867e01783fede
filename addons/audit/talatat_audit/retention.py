"""Retention: what is older than `audit.keep_days` is removed, and what was removed stays to be seen.

The oldest part of the chain goes, never one from its middle. First a row of `audit_removal` and an entry
that says so, sealed, are committed; they let the triggers pass, and the rest of the chain is checked
against them. Then the entries are deleted in batches. A removal that was interrupted goes on the next time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat.db import Database, new_id, utcnow
from talatat_audit.context import context_of
from talatat_audit.models import Entry
from talatat_audit.sealing import head_of, last_removal, lock_chain, removals, seal, seal_all, table
from talatat_audit.writing import row, write

REMOVED = "audit.removed"
BATCH = 5000


@dataclass(frozen=True)
class Removed:
    """What was removed: `entries` deleted now, `last` the number up to which all are gone."""

    entries: int
    last: int | None


def remove_old(system: Any, cutoff: datetime) -> Removed:
    """Remove entries of before `cutoff`, from the oldest up to the first that is younger."""
    database: Database = system.database
    seal_all(database)
    with database.transaction() as (_, session):
        _decide(session, system, cutoff)
        found = last_removal(session)
    if found is None:
        return Removed(0, None)
    total = 0
    while True:
        with database.transaction() as (_, session):
            count = _delete(session, found.last)
        total += count
        if not count:
            return Removed(total, found.last)


def _decide(session: Session, system: Any, cutoff: datetime) -> None:
    """Commit to the removal: its row, and its entry in the chain."""
    lock_chain(session)
    sealed = table.c.number.is_not(None)
    first = session.scalar(sa.select(sa.func.min(table.c.number)))
    younger = session.scalar(
        sa.select(sa.func.min(table.c.number)).where(sealed, table.c.happened_at >= cutoff)
    )
    last = head_of(session).number if younger is None else younger - 1
    if first is None or last < first:
        return
    known = last_removal(session)
    if known is not None and known.last >= last:  # it was decided before, and interrupted
        return
    digest = session.scalar(sa.select(table.c.digest).where(table.c.number == last))
    made = {"id": new_id(), "removed_at": utcnow(), "first": first, "last": last, "digest": digest}
    session.connection().execute(sa.insert(removals), made)
    told = {"first": first, "last": last, "digest": digest, "before": cutoff.isoformat()}
    entry = row(context_of(session, system), "audit", REMOVED, after=told, subject=made["id"])
    write(session.connection(), [entry])
    while seal(session):
        pass


def _delete(session: Session, last: int) -> int:
    """Delete a batch of entries up to `last`; return how many there were."""
    some = (
        sa.select(table.c.number)
        .where(table.c.number <= last)
        .order_by(table.c.number)
        .limit(BATCH)
    )
    numbers = session.scalars(some).all()
    if numbers:
        session.connection().execute(
            sa.delete(Entry).where(table.c.number <= max(n for n in numbers if n is not None))
        )
    return len(numbers)
