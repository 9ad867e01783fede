"""`/api/accounts/v1/sessions`: log in and out with a browser."""

from typing import Any

from cornice import Service
from sqlalchemy import select

from talatat.schema.types import format_timestamp
from talatat.security import check_origin
from talatat_accounts.login import PROBLEMS as LOGIN_PROBLEMS
from talatat_accounts.login import accepted, authenticate
from talatat_accounts.models import Session
from talatat_accounts.own import drop_own, nothing, own_identity
from talatat_accounts.schemas import LoginBody, LoginSchema, SessionSchema, body_of
from talatat_accounts.sessions import log_out, start_session

sessions = Service(
    name="accounts.sessions",
    path="/api/accounts/v1/sessions",
    description="Logins of the account that asks",
)
session = Service(
    name="accounts.session",
    path="/api/accounts/v1/sessions/{id}",
    description="One login of the account that asks",
)


# No CSRF token before the login; that another site logs somebody in is refused by the origin.
@sessions.post(
    permission="public",
    require_csrf=False,
    idempotency="refused",  # the answer holds the secret
    schema=LoginBody,
    status=201,
    response=LoginSchema,
    headers=("Location", "Set-Cookie"),
    problems=LOGIN_PROBLEMS,
)
def log_in(request: Any) -> Any:
    """Log in with `{user, password}`: sets the cookie and answers the `csrf_token` to send back."""
    check_origin(request)
    body = body_of(request, LoginBody)
    login = authenticate(request, body["user"], body["password"])
    accepted(request, login)
    started = start_session(request, request.response, login.user_id)
    request.response.status_int = 201
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
    return response


@session.delete(permission="accounts.self", status=204, problems={})
def end_other(request: Any) -> Any:
    """End one of one's own sessions, in another browser for example."""
    drop_own(request, Session, request.matchdict["id"], own_identity(request).id)
    return nothing()


def shown(row: Session) -> dict[str, Any]:
    """A session as its owner sees it."""
    return {
        "id": row.id,
        "created_at": format_timestamp(row.created_at),
        "seen_at": format_timestamp(row.seen_at),
        "expires_at": format_timestamp(row.expires_at),
        "address": row.address,
        "agent": row.agent,
    }
