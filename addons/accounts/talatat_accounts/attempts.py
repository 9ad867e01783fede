"""Limits on guessing passwords: failed logins are counted in the database, for all processes alike.

One count is kept for a user from one address, and one for an address and all users. Every try is
counted before the password is looked at, so that parallel tries cannot slip through together; a
success takes its count back. A user that does not exist is counted like one that does.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from talatat.db import utcnow
from talatat_accounts.models import Attempt


@dataclass(frozen=True)
class Limit:
    """At most `allowed` tries under a key in one window."""

    key: str
    allowed: int


def key(*parts: str) -> str:
    """A digest: people type passwords into the field for the name, and it would be kept."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def limits_for(settings: Any, name: str, address: str) -> list[Limit]:
    """The counts that a try of this user from this address adds to.

    The address is the connection's own (REMOTE_ADDR): a header that the client writes would let it
    be somebody else each time. Behind a proxy the server is told which proxy to trust.
    """
    return [
        Limit(key("user", name, address), settings.login_attempts),
        Limit(key("address", address), settings.login_attempts_address),
    ]


def take(session: Any, limits: Iterable[Limit], window: int) -> int:
    """Count one try; 0 if it may be made, else the seconds to wait.

    To be committed before the password is verified. The expired counts are dropped on the way.
    """
    now = utcnow()
    session.execute(delete(Attempt).where(Attempt.key.in_(_over(now))))
    wait = 0
    # In the order of the keys, so that two tries never wait for each other in a circle.
    for limit in sorted(limits, key=lambda limit: limit.key):
        count, ends_at = _count(session, limit.key, now, now + timedelta(seconds=window))
        if count > limit.allowed:
            wait = max(wait, int((ends_at - now).total_seconds()) + 1)
    return wait


def _over(now: datetime) -> Any:
    """Some windows that have ended; those that another try is clearing right now are skipped."""
    over = select(Attempt.key).where(Attempt.ends_at <= now).limit(100)
    return over.with_for_update(skip_locked=True)


def _count(session: Any, key: str, now: datetime, end: datetime) -> tuple[int, datetime]:
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
    insert: Any = dialect.insert(Attempt).values(key=key, count=1, ends_at=end)
    over = Attempt.ends_at <= now
    statement = insert.on_conflict_do_update(
        index_elements=[Attempt.key],
        set_={
            "count": case((over, 1), else_=Attempt.count + 1),
            "ends_at": case((over, end), else_=Attempt.ends_at),
        },
    ).returning(Attempt.count, Attempt.ends_at)
    count, ends_at = session.execute(statement).one()
    return count, ends_at


def give_back(session: Any, user: Limit, address: Limit) -> None:
    """After a success: forget the user's failures, and take the try off the address."""
    session.execute(delete(Attempt).where(Attempt.key == user.key))
    session.execute(
        update(Attempt)
        .where(Attempt.key == address.key, Attempt.count > 0)
        .values(count=Attempt.count - 1)
    )
