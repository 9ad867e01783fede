"""Sessions: a row on the server, and a cookie that names it."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, or_, select

from talatat.db import new_id, utcnow
from talatat.security import Identity
from talatat_accounts import cookies
from talatat_accounts.models import Session, Token


class Started(NamedTuple):
    """A new session: its id, and the token that goes with its cookie."""

    id: str
    csrf_token: str


def start_session(
    request: Any, response: Any, user_id: str, authenticated_at: datetime | None = None
) -> Started:
    """Make a session and give the browser its cookie.

    The row is always new, whatever the browser brought, and what it brought ends: an id that
    somebody planted before the login is worth nothing after it. `authenticated_at` is when the person proved
    who they are, now where left out.
    """
    settings = request.registry.system.settings["accounts"]
    end_session(request)
    drop_expired(request)
    now, session_id = utcnow(), new_id()
    request.db.add(
        Session(
            id=session_id,
            user_id=user_id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(seconds=settings.session_lifetime),
            address=(request.remote_addr or "")[:64],
            agent=(request.user_agent or "")[:200],
            authenticated_at=authenticated_at or now,
        )
    )
    request.db.flush()
    keys = cookies.keys_of(request)
    cookies.set_cookie(response, request, cookies.make(keys, session_id), settings.session_lifetime)
    return Started(session_id, cookies.csrf_token(keys, session_id))


def end_session(request: Any) -> None:
    """End the session that the request's cookie names, if it names one."""
    value = request.cookies.get(cookies.cookie_name(request))
    cookie = cookies.read(value, cookies.keys_of(request)) if value else None
    if cookie is not None:
        request.db.execute(delete(Session).where(Session.id == cookie.session_id))


def end_others(request: Any, identity: Identity) -> int:
    """End all sessions of who asks but the one that asks; how many there were."""
    theirs = delete(Session).where(
        Session.user_id == identity.id, Session.id != (identity.credential or "")
    )
    return int(request.db.execute(theirs).rowcount)


def log_out(request: Any, response: Any) -> None:
    """End the session and take the cookie away."""
    end_session(request)
    cookies.drop_cookie(response, request)


def drop_expired(request: Any) -> None:
    """Delete some sessions and tokens that are over; done at each login, so that tables stay small.

    Rows that another login is deleting right now are skipped: nobody waits for this.
    """
    now = utcnow()
    idle = timedelta(seconds=request.registry.system.settings["accounts"].session_idle)
    over = (
        (Session, or_(Session.expires_at <= now, Session.seen_at <= now - idle)),
        (Token, Token.expires_at <= now),
    )
    for model, is_over in over:
        ids = select(model.id).where(is_over).limit(100).with_for_update(skip_locked=True)
        request.db.execute(delete(model).where(model.id.in_(ids)))
