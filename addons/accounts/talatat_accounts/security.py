"""Who a request comes from: by bearer token, or by session cookie."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select, union, update

from talatat.db import Prepared, transaction, utcnow
from talatat.security import Identity, InvalidCredentials, Reauthentication, tell
from talatat_accounts import cookies, sessions
from talatat_accounts.models import Grant, Membership, Session, Token, User
from talatat_accounts.tokens import PREFIX, digest, looks_like_token

logger = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="talatat"'
TOUCH_SECONDS = 60
TOUCH = timedelta(seconds=TOUCH_SECONDS)

# What every account may do: look after itself. Scopes narrow it like anything else.
OWN = frozenset({"accounts.self"})

# Names of roles as one text, a line each; NULL for none.
ROLES = func.aggregate_strings(Grant.role, literal_column("'\n'"))
USER = (User.id.label("user_id"), User.name, User.email)
OWN_ROLES = select(ROLES).where(Grant.user_id == User.id)
GROUP_ROLES = (
    select(ROLES)
    .join(Membership, Membership.group_id == Grant.group_id)
    .where(Membership.user_id == User.id)
)
BY_TOKEN = Prepared(
    select(
        Token.id,
        Token.scopes,
        Token.resources,
        Token.expires_at,
        Token.last_used_at,
        *USER,
        OWN_ROLES.correlate(User).scalar_subquery(),
        GROUP_ROLES.correlate(User).scalar_subquery(),
    )
    .join(User, User.id == Token.user_id)
    .where(Token.digest == bindparam("digest"), User.active)
)
BY_SESSION = (
    select(Session.id, Session.seen_at, Session.expires_at, Session.authenticated_at, *USER)
    .join(User, User.id == Session.user_id)
    .where(Session.id == bindparam("session_id"), User.active)
)
ROLES = union(
    select(Grant.role).where(Grant.user_id == bindparam("user_id")),
    select(Grant.role)
    .join(Membership, Membership.group_id == Grant.group_id)
    .where(Membership.user_id == bindparam("user_id")),
)


def roles_of(session: Any, user_id: str) -> frozenset[str]:
    """The roles of a user, their own and those of their groups."""
    return frozenset(session.execute(ROLES, {"user_id": user_id}).scalars())


class TokenSource:
    """`Authorization: Bearer tlt_...`; other bearer tokens are left to other sources."""

    challenge = CHALLENGE

    def identify(self, request: Any) -> Identity | None:
        """Raises InvalidCredentials for a token of ours that is unknown, revoked or expired."""
        scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token.startswith(PREFIX):
            return None
        found = Found(*row) if (row := _row_of(request, token)) is not None else None
        now = utcnow()
        if found is None or found.expires_at <= now:
            tell(
                request,
                "accounts.token_used",
                "failed",
                subject=None if found is None else found.name,
                reason="unknown" if found is None else "expired",
            )
            raise InvalidCredentials(
                "the token is unknown, revoked or expired",
                f'{CHALLENGE}, error="invalid_token", '
                'error_description="The token is unknown, revoked or expired"',
            )
        used = found.last_used_at
        if used is None or now >= used + TOUCH:
            request.add_finished_callback(partial(touch, Token.last_used_at, found.id))
        return Identity(
            id=found.user_id,
            name=found.name,
            email=found.email,
            source="accounts.token",
            roles=found.roles,
            permissions=OWN,
            scopes=None if found.scopes is None else frozenset(found.scopes),
            resources=None if found.resources is None else frozenset(found.resources),
            credential=found.id,
        )


class Found(NamedTuple):
    """A token with its user and their roles, as `BY_TOKEN` selects them."""

    id: str
    scopes: list[str] | None
    resources: list[str] | None
    expires_at: datetime
    last_used_at: datetime | None
    user_id: str
    name: str
    email: str | None
    own_roles: str | None
    group_roles: str | None

    @property
    def roles(self) -> frozenset[str]:
        """The user's roles, their own and those of their groups."""
        names = f"{self.own_roles or ''}\n{self.group_roles or ''}".split("\n")
        return frozenset(filter(None, names))


def _row_of(request: Any, token: str) -> Any:
    if not looks_like_token(token):
        return None
    database = request.registry.system.database
    rows = database.read(request, BY_TOKEN, {"digest": digest(token)})
    return rows[0] if rows else None


class SessionSource:
    """The signed session cookie. One that is forged or over is the same as none."""

    cookie_name = f"__Host-{cookies.NAME}"  # for the document; over plain http without the prefix

    def identify(self, request: Any) -> Identity | None:
        """Also notes, once in a while and after the answer, that the session is in use."""
        value = request.cookies.get(cookies.cookie_name(request))
        if not value:
            return None
        settings = request.registry.system.settings["accounts"]
        cookie = cookies.read(value, cookies.keys_of(request))
        if cookie is None:
            return None
        row = request.db.execute(BY_SESSION, {"session_id": cookie.session_id}).one_or_none()
        now, idle = utcnow(), timedelta(seconds=settings.session_idle)
        if row is None or now >= row.expires_at or now >= row.seen_at + idle:
            return None
        if now >= row.seen_at + min(timedelta(seconds=TOUCH_SECONDS), idle / 10):
            request.add_finished_callback(partial(touch, Session.seen_at, row.id))
        return Identity(
            id=row.user_id,
            name=row.name,
            email=row.email,
            source="accounts.session",
            roles=roles_of(request.db, row.user_id),
            permissions=OWN,
            cookie=True,
            csrf_token=cookie.csrf_token,
            credential=row.id,
            authenticated_at=row.authenticated_at,
        )

    def reauthentication(self, request: Any) -> Reauthentication:
        """Logging in once more, with the password and, where there is one, the second factor."""
        page = request.route_path("accounts.login", _query={"again": "1", "next": request.path_qs})
        return Reauthentication(
            request.registry.system.settings["accounts"].reauthenticate_after,
            f"{request.script_name}/api/accounts/v1/sessions/current:reauthenticate",
            page,
        )

    def remember(self, request: Any, userid: str, **kw: Any) -> Sequence[tuple[str, str]]:
        """Pyramid's `remember(request, userid)`: start a session and give its cookie's header."""
        response = type(request.response)()
        sessions.start_session(request, response, userid)
        return [(name, value) for name, value in response.headerlist if name == "Set-Cookie"]

    def forget(self, request: Any, **kw: Any) -> Sequence[tuple[str, str]]:
        """Pyramid's `forget(request)`: end the session and take the cookie away."""
        response = type(request.response)()
        sessions.log_out(request, response)
        return [(name, value) for name, value in response.headerlist if name == "Set-Cookie"]


def touch(column: Any, credential: str, request: Any) -> None:
    """Write down that a session or a token was used.

    In a transaction of its own and after the request's: a page that is only read stays a read, and
    an answer is not lost because this could not be written.
    """
    try:
        with transaction(request.registry.system) as (_, session):
            used = update(column.class_).where(column.class_.id == credential)
            session.execute(used.values({column: utcnow()}))
    except Exception:
        logger.warning("the use of a credential could not be written down", exc_info=True)
