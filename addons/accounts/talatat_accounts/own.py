"""What concerns only the account that asks."""

from datetime import datetime
from typing import Any

from pyramid.response import Response
from sqlalchemy import delete, select

from talatat.db import is_id
from talatat.problems import Problem
from talatat.security import Identity, challenges
from talatat_accounts.credentials import hold
from talatat_accounts.models import Session, Token

SOURCES = ("accounts.token", "accounts.session")


def own_identity(request: Any) -> Identity:
    """Who asks, if it is an account of this addon; raises Problem 401 or 403.

    What is answered is about logins of one person: no cache keeps it.
    """
    request.response.headers["Cache-Control"] = "no-store"
    identity: Identity | None = request.identity
    if identity is None:
        raise nobody(request)
    if identity.source not in SOURCES:
        raise Problem(403, "forbidden", f"{identity.name} is no account here ({identity.source}).")
    return identity


def nobody(request: Any) -> Problem:
    """401 for who shows nothing, or what has ended."""
    detail = "Send user and password, or log in first."
    headers = {"WWW-Authenticate": ", ".join(challenges(request))}
    return Problem(401, "unauthorized", detail, headers=headers)


def ending_of(request: Any, identity: Identity) -> datetime:
    """When the session or token that asks ends; raises Problem 401 if somebody has ended it since it was read.

    The account is locked: what ends its logins comes before this, or finds what is made with this one.
    """
    hold(request.db, identity.id)
    model = Token if identity.source == "accounts.token" else Session
    credential = select(model.expires_at).where(model.id == identity.credential)
    found: datetime | None = request.db.scalar(credential)
    if found is None:
        raise nobody(request)
    return found


def require_self(request: Any) -> None:
    """Raise Problem 403 for a token whose scopes do not let it look after its account."""
    if not request.has_permission("accounts.self"):
        raise Problem(
            403, "forbidden", "This token is not for looking after its account ('accounts.self')."
        )


def drop_own(request: Any, model: Any, wanted: str | None, user_id: str) -> None:
    """Delete one's own session or token; another's is 404 like one that never was."""
    if wanted is not None and is_id(wanted):
        own = delete(model).where(model.id == wanted, model.user_id == user_id)
        if request.db.execute(own).rowcount:
            return
    raise Problem(404, "not_found", f"There is no {request.path}")


def nothing() -> Response:
    """204, for what is done and has nothing to show."""
    return Response(status=204, content_type=None)
