"""Changing what somebody logs in with, and ending what they are logged in by.

Whoever changes an account writes its row before logins end, and whoever makes a login holds that row: so a
login that crosses a change is either ended by it, or finds what was changed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from talatat.db import utcnow
from talatat_accounts.models import Session, Token, User


def set_password(user: User, new_hash: str) -> None:
    """Keep a new hash and when it came."""
    user.password_hash, user.password_changed_at = new_hash, utcnow()


def hold(db: Any, user_id: str) -> tuple[bool, datetime | None] | None:
    """Lock an account until the transaction ends: (whether it is open, when its password was set) or None."""
    query = select(User.active, User.password_changed_at).where(User.id == user_id)
    found = db.execute(query.with_for_update(key_share=True)).one_or_none()
    return None if found is None else (found[0], found[1])


def end_credentials(
    db: Any, user_id: str, spare: str | None = None, keep_tokens: bool = False
) -> None:
    """End the sessions and revoke the tokens of a user, all but the one with the id `spare`."""
    for model in (Session,) if keep_tokens else (Session, Token):
        ended = delete(model).where(model.user_id == user_id)
        db.execute(ended if spare is None else ended.where(model.id != spare))
