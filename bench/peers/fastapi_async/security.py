"""Who asks: a bearer token, looked up in the database.

Follows: https://fastapi.tiangolo.com/tutorial/security/get-current-user/
and https://fastapi.tiangolo.com/reference/security/ (HTTPBearer)
"""

from typing import Annotated, Any

from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from bench.peers.fastapi_async.database import SessionDep
from bench.peers.models import Grant, Membership, Token, User
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select, union, update

bearer = HTTPBearer(auto_error=False)
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


async def get_current_user(
    session: SessionDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> CurrentUser:
    """Look the token up; 401 where there is none that is valid."""
    row = None
    if credentials is not None:
        found = await session.execute(
            select(Token, User)
            .join(User, User.id == Token.user_id)
            .where(Token.digest == digest(credentials.credentials), User.active)
        )
        row = found.one_or_none()
    if row is None or row.Token.expires_at <= now():
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, "A token is needed", {"WWW-Authenticate": "Bearer"}
        )
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
    # What follows locks rows in a transaction of its own.
    await session.commit()
    return current


CurrentUserDep = Annotated[CurrentUser, Depends(get_current_user)]


def needs(permission: str) -> Any:
    """A dependency: the current user, if they may; 403 otherwise."""

    async def allowed(user: CurrentUserDep) -> CurrentUser:
        if not user.may(permission):
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"{permission} is not held")
        return user

    return Depends(allowed)
