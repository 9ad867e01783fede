"""The security policy: a bearer token, looked up in the database.

Follows: https://docs.pylonsproject.org/projects/pyramid/en/2.1-branch/narr/security.html
"""

from typing import Any

from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from bench.peers.models import Grant, Membership, Token, User
from pyramid.request import RequestLocalCache
from pyramid.security import Allowed, Denied
from sqlalchemy import select, union, update

ROLES = {"orders.checkout": BUYERS, "orders.read_all": CLERKS, "catalog.write": WRITERS}


class Identity:
    """The owner of the token, their roles and what the token is narrowed to."""

    def __init__(self, user: User, roles: set[str], scopes: list[str] | None) -> None:
        self.id = str(user.id)
        self.roles = roles
        self.scopes = scopes


class SecurityPolicy:
    """Bearer tokens; roles give permissions."""

    def __init__(self) -> None:
        self.identity_cache = RequestLocalCache(self.load_identity)

    def load_identity(self, request: Any) -> Identity | None:
        """Look the token up; None where there is none that is valid."""
        authorization = request.authorization
        if authorization is None or authorization.authtype.lower() != "bearer":
            return None
        row = request.dbsession.execute(
            select(Token, User)
            .join(User, User.id == Token.user_id)
            .where(Token.digest == digest(str(authorization.params)), User.active)
        ).one_or_none()
        if row is None or row.Token.expires_at <= now():
            return None
        token, user = row
        roles = request.dbsession.scalars(
            union(
                select(Grant.role).where(Grant.user_id == user.id),
                select(Grant.role)
                .join(Membership, Membership.group_id == Grant.group_id)
                .where(Membership.user_id == user.id),
            )
        )
        found = Identity(user, set(roles), token.scopes)
        if token.last_used_at is None or now() >= token.last_used_at + TOUCH:
            touched = update(Token).where(Token.id == token.id).values(last_used_at=now())
            request.dbsession.execute(touched)
        return found

    def identity(self, request: Any) -> Identity | None:
        return self.identity_cache.get_or_create(request)

    def authenticated_userid(self, request: Any) -> str | None:
        identity = self.identity(request)
        return None if identity is None else identity.id

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        identity = self.identity(request)
        if identity is None:
            return Denied("nobody")
        if identity.scopes is not None and permission not in identity.scopes:
            return Denied("the token is narrowed")
        if identity.roles & ROLES[permission]:
            return Allowed("a role")
        return Denied("no role")


def forbidden(request: Any) -> Any:
    """401 for nobody, 403 for somebody."""
    known = request.identity is not None
    request.response.status_int = 403 if known else 401
    if not known:
        request.response.headers["WWW-Authenticate"] = "Bearer"
    return {"detail": "forbidden" if known else "a token is needed"}


def includeme(config: Any) -> None:
    """Set the policy and the view for what it refuses."""
    config.set_security_policy(SecurityPolicy())
    config.add_forbidden_view(forbidden, renderer="json")
