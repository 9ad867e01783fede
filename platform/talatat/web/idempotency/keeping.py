"""The table of kept answers, and the lock that a request holds on its key while it is under way.

The lock ends with the transaction. On PostgreSQL it is an advisory one that is tried, so that a second
request is told at once; on SQLite one transaction writes at a time (BEGIN IMMEDIATE), so the second has
waited when it looks, and finds the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat.db.base import NAMING_CONVENTION
from talatat.db.types import JSONDocument, UTCDateTime, utcnow
from talatat.web.idempotency.answers import Answer
from talatat.web.idempotency.claims import Claim

KEPT_FOR = timedelta(hours=24)
PRUNED_AT_ONCE = 20

table = sa.Table(
    "talatat_idempotency",
    sa.MetaData(naming_convention=NAMING_CONVENTION, info={"addon": "talatat"}),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("request_digest", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", JSONDocument, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False, index=True),
)


@dataclass(frozen=True)
class Kept:
    """A kept answer, with what it was an answer to; `composition` names what was composed then."""

    digest: str
    rights: str
    composition: str
    answer: Answer


def hold(session: Session, claim: Claim) -> bool:
    """Take the key until the transaction ends; False where another request has it now."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(claim.lock))))


def find(session: Session, claim: Claim) -> Kept | None:
    """What is kept under the key, unless it has expired."""
    query = sa.select(table).where(table.c.id == claim.identifier, table.c.expires_at > utcnow())
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    notes: dict[str, Any] = row.headers
    answer = Answer(row.status, notes["headers"], bytes(row.body), notes["whole"])
    return Kept(row.request_digest, notes["rights"], notes["composition"], answer)


def keep(session: Session, claim: Claim, composition: str, answer: Answer) -> None:
    """Keep an answer for a day; some of what has expired goes."""
    now = utcnow()
    session.execute(sa.delete(table).where(table.c.id.in_(_expired(session, claim, now))))
    notes = {
        "headers": answer.headers,
        "rights": claim.rights,
        "composition": composition,
        "whole": answer.whole,
    }
    session.execute(
        sa.insert(table).values(
            id=claim.identifier,
            request_digest=claim.digest,
            status=answer.status,
            headers=notes,
            body=answer.body,
            created_at=now,
            expires_at=now + KEPT_FOR,
        )
    )


def _expired(session: Session, claim: Claim, now: Any) -> list[str]:
    """Ids of rows to delete: of this key, and of some others; those that another transaction has are left."""
    query = (
        sa.select(table.c.id)
        .where(table.c.expires_at <= now)
        .order_by(table.c.expires_at)
        .limit(PRUNED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return [claim.identifier, *session.scalars(query)]
