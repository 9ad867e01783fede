"""`/api/accounts/v1/sessions`: log in and out with a browser."""

from typing import Any

from cornice import Service
from sqlalchemy import select

from talatat.problems import Problem
from talatat.schema.types import format_timestamp
from talatat.security import check_origin, tell
from talatat_accounts.login import Login, accepted, authenticate
from talatat_accounts.models import Session
from talatat_accounts.own import drop_own, nothing, own_identity
from talatat_accounts.refusals import PROBLEMS as LOGIN_PROBLEMS
from talatat_accounts.schemas import (
    EndedSchema,
    LoginBody,
    LoginSchema,
    ProofBody,
    SessionSchema,
    body_of,
)
from talatat_accounts.sessions import end_others, log_out, start_session

sessions = Service(
    name="accounts.sessions",
    path="/api/accounts/v1/sessions",
    description="Logins of the account that asks",
)
session = Service(
    name="accounts.session",
    path="/api/accounts/v1/sessions/{id:[^/:]+}",
    description="One login of the account that asks",
)
others = Service(
    name="accounts.sessions.others",
    path="/api/accounts/v1/sessions{_verb::end-others}",
    description="All other logins of the account that asks",
)
again = Service(
    name="accounts.session.again",
    path="/api/accounts/v1/sessions/current{_verb::reauthenticate}",
    description="The login that asks, proven anew",
)


# No CSRF token before the login; that another site logs somebody in is refused by the origin.
@sessions.post(
    permission="public",
    public_because="the body holds the password",
    require_csrf=False,
    limit="accounts.login",
    idempotency="refused",  # the answer holds the secret
    schema=LoginBody,
    status=201,
    response=LoginSchema,
    headers=("Location", "Set-Cookie"),
    problems=LOGIN_PROBLEMS,
)
def log_in(request: Any) -> Any:
    """Log in with `{user, password}`: sets the cookie and answers the `csrf_token` to send back.

    Where a second factor is enrolled, the answer without `otp` is 401 `second_factor_needed`: send the same
    with a code of the authenticator app, or a recovery code.
    """
    check_origin(request)
    body = body_of(request, LoginBody)
    login = authenticate(request, body["user"], body["password"], body["otp"])
    return begun(request, login, 201)


@again.post(
    permission="authenticated",
    idempotency="refused",  # the answer holds the secret
    schema=ProofBody,
    operation="reauthenticate",
    response=LoginSchema,
    headers=("Set-Cookie",),
    problems={**LOGIN_PROBLEMS, "session_needed": (409, "Only a session can be proven anew.")},
)
def reauthenticate(request: Any) -> Any:
    """Show the password (and the second factor) again, for what asks for a recent login.

    The session goes on under a new id: there is a new cookie, and a new `csrf_token`.
    """
    identity = own_identity(request)
    if not identity.cookie:
        detail = "A token cannot be proven anew. Log in with POST /api/accounts/v1/sessions."
        raise Problem(409, "session_needed", detail)
    body = body_of(request, ProofBody)
    login = authenticate(request, identity.name, body["password"], body["otp"])
    return begun(request, login, 200)


def begun(request: Any, login: Login, status: int) -> dict[str, Any]:
    """A new session in place of the one that the request came with, if any."""
    accepted(request, login)
    started = start_session(request, request.response, login.user_id)
    request.response.status_int = status
    if status == 201:
        request.response.location = f"{request.path_url}/{started.id}"
    request.response.headers["Cache-Control"] = "no-store"
    return {"user": {"id": login.user_id, "name": login.name}, "csrf_token": started.csrf_token}


@sessions.get(permission="accounts.self", operation="list", response=[SessionSchema], problems={})
def list_sessions(request: Any) -> Any:
    """Where one is logged in."""
    identity = own_identity(request)
    rows = request.db.scalars(
        select(Session).where(Session.user_id == identity.id).order_by(Session.id)
    )
    items = [{**shown(row), "current": row.id == identity.credential} for row in rows]
    return {"items": items, "next": None, "prev": None}


@sessions.delete(permission="authenticated", status=204, headers=("Set-Cookie",), problems={})
def end_current(request: Any) -> Any:
    """Log out: the session ends on the server, and the cookie goes."""
    response = nothing()
    log_out(request, response)
    tell(request, "accounts.logout", subject=request.identity.id)
    return response


@others.post(
    permission="accounts.self",
    recent_login=True,
    operation="end",
    response=EndedSchema,
    problems={},
)
def end_all_others(request: Any) -> Any:
    """End all one's sessions but the one that asks."""
    identity = own_identity(request)
    ended = end_others(request, identity)
    tell(request, "accounts.sessions_ended", subject=identity.id, ended=ended)
    return {"ended": ended}


@session.delete(permission="accounts.self", recent_login=True, status=204, problems={})
def end_other(request: Any) -> Any:
    """End one of one's own sessions, in another browser for example."""
    identity, ended = own_identity(request), request.matchdict["id"]
    drop_own(request, Session, ended, identity.id)
    tell(request, "accounts.sessions_ended", subject=identity.id, session=ended)
    return nothing()


def shown(row: Session) -> dict[str, Any]:
    """A session as its owner sees it."""
    return {
        "id": row.id,
        "created_at": format_timestamp(row.created_at),
        "seen_at": format_timestamp(row.seen_at),
        "expires_at": format_timestamp(row.expires_at),
        "authenticated_at": row.authenticated_at and format_timestamp(row.authenticated_at),
        "address": row.address,
        "agent": row.agent,
    }
