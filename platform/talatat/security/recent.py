"""Sensitive actions: asked for by a view in one word, done only soon after a login.

    config.add_view(change_role, route_name="roles", permission="desk.roles", recent_login=True)

A browser stays logged in for days, on desks that people leave. So an action that would give the account away
asks when the password (and the second factor) was last shown: `Identity.authenticated_at`, which a session's
identity source gives. A bearer token passes: nobody sits in front of it, and what it may do its scopes say.
`recent_login="always"` refuses tokens too. What needs no view of its own calls `require_recent_login`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPSeeOther

from talatat.problems import Problem, wants_json
from talatat.security.identity import Identity, Reauthentication

CODE = "reauthentication_needed"
ALWAYS = "always"
MODES = (None, False, True, ALWAYS)


def recently_proven_view(view: Any, info: Any) -> Any:
    """View deriver: below the permission, ask views that say `recent_login` for a recent login."""
    _check(info)
    mode = info.options.get("recent_login")
    if not mode or info.exception_only:
        return view

    def proven(context: Any, request: Any) -> Any:
        if getattr(request, "exception", None) is None:
            require_recent_login(request, always=mode == ALWAYS)
        return view(context, request)

    return proven


def _check(info: Any) -> None:
    mode = info.options.get("recent_login")
    if mode not in MODES:
        raise ConfigurationError(
            f"recent_login={mode!r}: a view says True, 'always' (bearer tokens too), or nothing"
        )


recently_proven_view.check = _check  # type: ignore[attr-defined]
recently_proven_view.options = ("recent_login",)  # type: ignore[attr-defined]


def require_recent_login(request: Any, *, always: bool = False) -> None:
    """Raise Problem 403 `reauthentication_needed` unless who asks has logged in a short while ago.

    `always` asks those too who show a token. A person who opens a page is led to the page that asks for the
    password, and back.
    """
    identity: Identity | None = request.identity
    if identity is None or not (identity.cookie or always):
        return
    how = reauthentication_of(request, identity)
    if is_recent(identity.authenticated_at, how.max_age):
        return
    if how.page and request.method in ("GET", "HEAD") and not wants_json(request):
        raise HTTPSeeOther(how.page)
    raise needed(identity, how)


def is_recent(authenticated_at: datetime | None, max_age: int) -> bool:
    """Whether a login lies at most `max_age` seconds back.

    One that lies as far ahead is none: the clock was wrong then, and nobody knows how old it is.
    """
    if authenticated_at is None:
        return False
    return abs(datetime.now(UTC) - authenticated_at) <= timedelta(seconds=max_age)


def reauthentication_of(request: Any, identity: Identity) -> Reauthentication:
    """How old a login may be, and where to log in again, as the identity's source says."""
    security = request.registry.system.security
    source = security.sources.get(identity.source)
    tell = getattr(source, "reauthentication", None)
    return tell(request) if tell is not None else Reauthentication()


def needed(identity: Identity, how: Reauthentication) -> Problem:
    """403 with what to do; `max_age` and `reauthenticate` are members of the document."""
    extra: dict[str, Any] = {"max_age": how.max_age}
    minutes = math.ceil(how.max_age / 60)
    if not identity.cookie:
        detail = f"A token cannot do this: it takes a login that is at most {minutes} minutes old."
    else:
        detail = f"This takes a login that is at most {minutes} minutes old."
    if how.action:
        extra["reauthenticate"] = how.action
        if identity.cookie:
            detail += f" Show the password again: POST {how.action}, and send this again."
    return Problem(403, CODE, detail, extra=extra)
