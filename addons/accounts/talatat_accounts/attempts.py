"""Limits on guessing passwords: failed logins are counted in the database, for all processes alike.

One count is kept for a user from one address, one for an address and all users, one for a user and all
addresses, and one for the second factor of a user. Every try is counted before the proof is looked at, so
that parallel tries cannot slip through together; a success takes its count back. A user that does not exist
is counted like one that does.
"""

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from talatat.db import utcnow
from talatat_accounts.models import Attempt

NO_LIMIT = sys.maxsize


@dataclass(frozen=True)
class Limit:
    """At most `allowed` tries under a key in one window; a success forgets all, or takes back its own."""

    key: str
    allowed: int
    forgotten: bool = True


def key(*parts: str) -> str:
    """A digest: people type passwords into the field for the name, and it would be kept."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def limits_for(settings: Any, name: str, address: str, known: bool = False) -> list[Limit]:
    """The counts that a try of this user from this address adds to; `address` is one of `address_key`.

    The count over all addresses refuses none that the user is logged in from (`known`), or strangers could
    lock people out.
    """
    return [
        Limit(key("user", name, address), settings.login_attempts),
        Limit(key("address", address), settings.login_attempts_address, forgotten=False),
        # Counted all the same: else the work would tell that somebody is logged in from there.
        Limit(key("everywhere", name), NO_LIMIT if known else settings.login_attempts_user),
    ]


def factor_limit(settings: Any, user_id: str) -> Limit:
    """The count of codes of one user's second factor, whoever tries them: there are only a million."""
    return Limit(key("second factor", user_id), settings.second_factor_attempts)


def take(session: Any, limits: Iterable[Limit], window: int) -> int:
    """Count one try; 0 if it may be made, else the seconds to wait.

    To be committed before the password is verified. The expired counts are dropped on the way.
    """
    now = utcnow()
    session.execute(delete(Attempt).where(Attempt.key.in_(_over(now))))
    wait = 0
    # In the order of the keys, so that two tries never wait for each other in a circle.
    for limit in sorted(limits, key=lambda limit: limit.key):
        count, ends_at = _count(session, limit.key, now, timedelta(seconds=window))
        if count > limit.allowed:
            wait = max(wait, int((ends_at - now).total_seconds()) + 1)
    return wait


def _over(now: datetime) -> Any:
    """Some windows that have ended; those that another try is clearing right now are skipped."""
    over = select(Attempt.key).where(Attempt.ends_at <= now).limit(100)
    return over.with_for_update(skip_locked=True)


def _count(session: Any, key: str, now: datetime, window: timedelta) -> tuple[int, datetime]:
    end = now + window
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
    insert: Any = dialect.insert(Attempt).values(key=key, count=1, ends_at=end)
    # A window that ends much later than one from now was begun by a clock that ran ahead.
    over = or_(Attempt.ends_at <= now, Attempt.ends_at > end + window)
    statement = insert.on_conflict_do_update(
        index_elements=[Attempt.key],
        set_={
            "count": case((over, 1), else_=Attempt.count + 1),
            "ends_at": case((over, end), else_=Attempt.ends_at),
        },
    ).returning(Attempt.count, Attempt.ends_at)
    count, ends_at = session.execute(statement).one()
    return count, ends_at


def give_back(session: Any, limits: Iterable[Limit]) -> None:
    """After a success: forget the failures before it, and take the try off the address."""
    for limit in sorted(limits, key=lambda limit: limit.key):
        if limit.forgotten:
            session.execute(delete(Attempt).where(Attempt.key == limit.key))
        else:
            own = Attempt.key == limit.key, Attempt.count > 0
            session.execute(update(Attempt).where(*own).values(count=Attempt.count - 1))
