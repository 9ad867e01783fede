"""What concerns only the account that asks."""

from typing import Any

from pyramid.response import Response
from sqlalchemy import delete

from talatat.db import is_id
from talatat.problems import Problem
from talatat.security import Identity, challenges

SOURCES = ("accounts.token", "accounts.session")


def own_identity(request: Any) -> Identity:
    """Who asks, if it is an account of this addon; raises Problem 401 or 403.

    What is answered is about logins of one person: no cache keeps it.
    """
    request.response.headers["Cache-Control"] = "no-store"
    identity: Identity | None = request.identity
    if identity is None:
        detail = "Send user and password, or log in first."
        headers = {"WWW-Authenticate": ", ".join(challenges(request))}
        raise Problem(401, "unauthorized", detail, headers=headers)
    if identity.source not in SOURCES:
        raise Problem(403, "forbidden", f"{identity.name} is no account here ({identity.source}).")
    return identity


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
