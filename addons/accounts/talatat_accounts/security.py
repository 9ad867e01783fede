"""Who a request comes from: by bearer token, or by session cookie."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select, union, update

from talatat.db import transaction, utcnow
from talatat.security import Identity, InvalidCredentials, Reauthentication, tell
from talatat_accounts import cookies, sessions
from talatat_accounts.models import Grant, Membership, Session, Token, User
from talatat_accounts.tokens import PREFIX, digest, looks_like_token

logger = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="talatat"'
TOUCH_SECONDS = 60

# What every account may do: look after itself. Scopes narrow it like anything else.
OWN = frozenset({"accounts.self"})

USER = (User.id.label("user_id"), User.name, User.email)
BY_TOKEN = (
    select(Token.id, Token.scopes, Token.resources, Token.expires_at, Token.last_used_at, *USER)
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
        row = None
        if looks_like_token(token):
            row = request.db.execute(BY_TOKEN, {"digest": digest(token)}).one_or_none()
        now = utcnow()
        if row is None or row.expires_at <= now:
            tell(
                request,
                "accounts.token_used",
                "failed",
                subject=None if row is None else row.name,
                reason="unknown" if row is None else "expired",
            )
            raise InvalidCredentials(
                "the token is unknown, revoked or expired",
                f'{CHALLENGE}, error="invalid_token", '
                'error_description="The token is unknown, revoked or expired"',
            )
        if row.last_used_at is None or now >= row.last_used_at + timedelta(seconds=TOUCH_SECONDS):
            request.add_finished_callback(partial(touch, Token.last_used_at, row.id))
        return Identity(
            id=row.user_id,
            name=row.name,
            email=row.email,
            source="accounts.token",
            roles=roles_of(request.db, row.user_id),
            permissions=OWN,
            scopes=None if row.scopes is None else frozenset(row.scopes),
            resources=None if row.resources is None else frozenset(row.resources),
            credential=row.id,
        )


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
