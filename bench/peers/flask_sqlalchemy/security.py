"""Who asks: a bearer token, looked up in the database.

Follows: https://flask.palletsprojects.com/en/stable/patterns/viewdecorators/#login-required-decorator
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from bench.peers.flask_sqlalchemy.database import db
from bench.peers.models import Grant, Membership, Token, User
from flask import abort, g, request
from sqlalchemy import select, union, update

ROLES = {"orders.checkout": BUYERS, "orders.read_all": CLERKS, "catalog.write": WRITERS}


class CurrentUser:
    """The owner of the token, their roles and what the token is narrowed to."""

    def __init__(self, user: User, roles: set[str], scopes: list[str] | None) -> None:
        self.id = str(user.id)
        self.roles = roles
        self.scopes = scopes

    def may(self, permission: str) -> bool:
        """Whether a role gives this and the token is not narrowed to something else."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        return bool(self.roles & ROLES[permission])


def load_user() -> CurrentUser:
    """Look the token up; 401 where there is none that is valid."""
    authorization = request.authorization
    row = None
    if authorization is not None and authorization.type == "bearer" and authorization.token:
        row = db.session.execute(
            select(Token, User)
            .join(User, User.id == Token.user_id)
            .where(Token.digest == digest(authorization.token), User.active)
        ).one_or_none()
    if row is None or row.Token.expires_at <= now():
        abort(401, "A token is needed")
    token, user = row
    roles = db.session.scalars(
        union(
            select(Grant.role).where(Grant.user_id == user.id),
            select(Grant.role)
            .join(Membership, Membership.group_id == Grant.group_id)
            .where(Membership.user_id == user.id),
        )
    )
    current = CurrentUser(user, set(roles), token.scopes)
    if token.last_used_at is None or now() >= token.last_used_at + TOUCH:
        db.session.execute(update(Token).where(Token.id == token.id).values(last_used_at=now()))
        db.session.commit()
    return current


def needs(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: the view is for those who have this permission."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.user = load_user()
            if not g.user.may(permission):
                abort(403, f"{permission} is not held")
            return view(*args, **kwargs)

        return guarded

    return decorate
