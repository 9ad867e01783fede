"""The session cookie: a session row's id and a signature, and the CSRF token made of the same.

Neither is stored. Whoever reads the database gets ids, and cannot sign them; the CSRF token is another
signature over the id, so it ends with the session. While the secret is rotated, cookies that an older
value signed stay good, and their CSRF token is made with that same value: pages that hold it go on.
"""

from dataclasses import dataclass
from typing import Any

from talatat.db import is_id
from talatat.security import KeyRing
from talatat.security.keys import ring_of

NAME = "talatat_session"
COOKIE, CSRF = b"accounts.session", b"accounts.csrf"


@dataclass(frozen=True)
class SessionCookie:
    """A cookie whose signature is right: the session's id and the CSRF token that goes with it."""

    session_id: str
    csrf_token: str


def keys_of(request: Any) -> KeyRing:
    """The ring of `accounts.secret`."""
    return ring_of(tuple(request.registry.system.settings["accounts"].secret))


def make(keys: KeyRing, session_id: str) -> str:
    """The value of the cookie of a session."""
    return f"{session_id}.{keys.sign_text(COOKIE, session_id.encode())}"


def csrf_token(keys: KeyRing, session_id: str) -> str:
    """What unsafe requests of the session have to show."""
    return keys.sign_text(CSRF, session_id.encode())


def read(value: str, keys: KeyRing) -> SessionCookie | None:
    """The content of a cookie that one of the keys signed, else None."""
    session_id, _, given = value.partition(".")
    if not is_id(session_id):
        return None
    signer = keys.signer(COOKIE, session_id.encode(), given)
    if signer is None:
        return None
    return SessionCookie(session_id, csrf_token(signer, session_id))


def cookie_name(request: Any, name: str = NAME) -> str:
    """Over https the browser itself guards a `__Host-` cookie against other hosts and plain http."""
    return f"__Host-{name}" if request.scheme == "https" else name


def set_cookie(response: Any, request: Any, value: str, max_age: int, name: str = NAME) -> None:
    """Give the browser the cookie: not readable by scripts, not sent by other sites' forms."""
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=max_age,
        path="/",
        secure=request.scheme == "https",
        httponly=True,
        samesite="Lax",  # sent when an identity provider leads the browser back
    )


def drop_cookie(response: Any, request: Any, name: str = NAME) -> None:
    """Take the cookie away again."""
    set_cookie(response, request, "", 0, name)
