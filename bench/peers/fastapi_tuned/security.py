"""A bearer token, looked up together with the roles of its owner in one statement."""

from typing import Annotated, Any

from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from bench.peers.fastapi_tuned.database import reading
from bench.peers.models import Grant, Membership, Token, User
from fastapi import Depends, Header, HTTPException
from sqlalchemy import bindparam, func, select, union, update

ROLES = {"orders.checkout": BUYERS, "orders.read_all": CLERKS, "catalog.write": WRITERS}
_roles = union(
    select(Grant.role).where(Grant.user_id == Token.user_id).correlate(Token),
    select(Grant.role)
    .join(Membership, Membership.group_id == Grant.group_id)
    .where(Membership.user_id == Token.user_id)
    .correlate(Token),
).scalar_subquery()
FIND = (
    select(
        Token.id,
        Token.user_id,
        Token.scopes,
        Token.expires_at,
        Token.last_used_at,
        func.array(_roles).label("roles"),
    )
    .join(User, User.id == Token.user_id)
    .where(Token.digest == bindparam("digest"), User.active)
)
TOUCHED = (
    update(Token).where(Token.id == bindparam("token_id")).values(last_used_at=bindparam("at"))
)


class CurrentUser:
    """Who asks."""

    __slots__ = ("id", "roles", "scopes")

    def __init__(self, row: Any) -> None:
        self.id = str(row.user_id)
        self.roles = frozenset(row.roles)
        self.scopes = row.scopes

    def may(self, permission: str) -> bool:
        """Whether a role gives this and the token is not narrowed to something else."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        return not self.roles.isdisjoint(ROLES[permission])


async def current_user(authorization: Annotated[str | None, Header()] = None) -> CurrentUser:
    """Look the token up; 401 where there is none that is valid."""
    scheme, _, token = (authorization or "").partition(" ")
    row = None
    if scheme.lower() == "bearer" and token:
        async with reading.connect() as connection:
            found = await connection.execute(FIND, {"digest": digest(token.strip())})
            row = found.one_or_none()
            if row is not None and (row.last_used_at is None or now() >= row.last_used_at + TOUCH):
                await connection.execute(TOUCHED, {"token_id": row.id, "at": now()})
    if row is None or row.expires_at <= now():
        raise HTTPException(401, "A token is needed", {"WWW-Authenticate": "Bearer"})
    return CurrentUser(row)


def needs(permission: str) -> Any:
    """A dependency: the current user, if they may; 403 otherwise."""

    async def allowed(user: Annotated[CurrentUser, Depends(current_user)]) -> CurrentUser:
        if not user.may(permission):
            raise HTTPException(403, f"{permission} is not held")
        return user

    return Depends(allowed)
