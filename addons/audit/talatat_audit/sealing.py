"""Sealing: entries get a number and are chained, in batches, after they were committed.

Writers do not wait for each other: an entry is written without a number. Whoever seals takes the chain's
lock, reads what has none yet in the order of the ids, and sets number, digest and the digest of the one
before, once; triggers refuse to set them again. The outbox does so `audit.seal_seconds` after a write,
commands before they export. The head is logged: whoever keeps the logs elsewhere can show a chain that was
made anew, or shortened, to be another one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat.db import Database
from talatat.events import Event
from talatat_audit.models import Entry, Removal
from talatat_audit.writing import COLUMNS

log = logging.getLogger("talatat.audit")

BATCH = 1000
NOTHING = "0" * 64  # what the first entry follows
LOCK = int.from_bytes(hashlib.sha256(b"talatat.audit.chain").digest()[:8], "big", signed=True)
table = Entry.__table__
removals = Removal.__table__
SET = sa.text(
    "UPDATE audit_entry SET number = :number, previous = :previous, digest = :digest WHERE id = :id"
).bindparams(sa.bindparam("id", type_=table.c.id.type))


@dataclass
class SealDue(Event):
    """Some seconds ago an entry was written."""


@dataclass(frozen=True)
class Head:
    """The last entry of the chain."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


def lock_chain(session: Session) -> None:
    """Wait for the chain. On SQLite whoever writes has it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def head_of(session: Session) -> Head:
    """The last sealed entry; after a removal of all, the last one that was removed."""
    query = sa.select(table.c.number, table.c.digest).where(table.c.number.is_not(None))
    found = session.execute(query.order_by(table.c.number.desc()).limit(1)).one_or_none()
    if found is not None:
        return Head(*found)
    removed = last_removal(session)
    return Head(0, NOTHING) if removed is None else Head(removed.last, removed.digest)


def last_removal(session: Session) -> Any:
    """The latest removal, or None."""
    query = sa.select(removals).order_by(removals.c.last.desc()).limit(1)
    return session.execute(query).one_or_none()


def seal(session: Session, most: int = BATCH) -> int:
    """Seal up to `most` entries in the session's transaction; return how many there were."""
    lock_chain(session)
    query = sa.select(*COLUMNS).where(table.c.number.is_(None)).order_by(table.c.id).limit(most)
    rows = session.execute(query).mappings().all()
    if not rows:
        return 0
    head = head_of(session)
    sealed = []
    for row in rows:
        digest = digest_of(head.digest, content_of(row))
        sealed.append(
            {"id": row["id"], "number": head.number + 1, "previous": head.digest, "digest": digest}
        )
        head = Head(head.number + 1, digest)
    session.connection().execute(SET, sealed)
    log.info("the audit trail is sealed up to %s", head)
    return len(rows)


def seal_all(database: Database) -> int:
    """Seal all that is committed, batch by batch; return how many entries there were."""
    total = 0
    while True:
        with database.transaction() as (_, session):
            count = seal(session)
        total += count
        if count < BATCH:
            return total


def seal_when_due(event: SealDue) -> None:
    """Seal what was written since the last time (a subscriber, in a transaction of its own)."""
    while seal(event.request.db) == BATCH:
        pass


def content_of(row: Any) -> dict[str, Any]:
    """An entry as it is sealed and exported: all but the seal; None is left out."""
    content = {}
    for column in COLUMNS:
        value = row[column.name]
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if value is not None:
            content[column.name] = value
    return content


def digest_of(previous: str, content: dict[str, Any]) -> str:
    """SHA-256 of the digest before, a newline, and the content as JSON: names sorted, no spaces, UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
