"""Who asks, as a dependency; what they may, as guards' errors.

Follows: https://docs.litestar.dev/2/usage/dependency-injection.html and
https://docs.litestar.dev/2/usage/exceptions.html
"""

from typing import Any

from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from bench.peers.models import Grant, Membership, Token, User
from litestar.connection import Request
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from sqlalchemy import select, union, update
from sqlalchemy.ext.asyncio import AsyncSession

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

    def check(self, permission: str) -> None:
        """403 for those who may not."""
        if not self.may(permission):
            raise PermissionDeniedException(f"{permission} is not held")


async def provide_user(request: Request[Any, Any, Any], session: AsyncSession) -> CurrentUser:
    """Look the token up; 401 where there is none that is valid."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    row = None
    if scheme.lower() == "bearer" and secret:
        found = await session.execute(
            select(Token, User)
            .join(User, User.id == Token.user_id)
            .where(Token.digest == digest(secret.strip()), User.active)
        )
        row = found.one_or_none()
    if row is None or row.Token.expires_at <= now():
        raise NotAuthorizedException("A token is needed", headers={"WWW-Authenticate": "Bearer"})
    token, user = row
    roles = await session.scalars(
        union(
            select(Grant.role).where(Grant.user_id == user.id),
            select(Grant.role)
            .join(Membership, Membership.group_id == Grant.group_id)
            .where(Membership.user_id == user.id),
        )
    )
    current = CurrentUser(user, set(roles), token.scopes)
    if token.last_used_at is None or now() >= token.last_used_at + TOUCH:
        await session.execute(update(Token).where(Token.id == token.id).values(last_used_at=now()))
    await session.commit()
    return current
