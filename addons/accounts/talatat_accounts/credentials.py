"""Changing what somebody logs in with, and ending what they are logged in by."""

from typing import Any

from sqlalchemy import delete

from talatat.db import utcnow
from talatat_accounts.models import Session, Token, User


def set_password(user: User, new_hash: str) -> None:
    """Keep a new hash and when it came."""
    user.password_hash, user.password_changed_at = new_hash, utcnow()


def end_credentials(
    db: Any, user_id: str, spare: str | None = None, keep_tokens: bool = False
) -> None:
    """End the sessions and revoke the tokens of a user, all but the one with the id `spare`."""
    for model in (Session,) if keep_tokens else (Session, Token):
        ended = delete(model).where(model.user_id == user_id)
        db.execute(ended if spare is None else ended.where(model.id != spare))
