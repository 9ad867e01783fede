"""The session cookie: a session row's id and a signature, and the CSRF token made of the same.

Neither is stored. Whoever reads the database gets ids, and cannot sign them; the CSRF token is another
signature over the id, so it ends with the session. While the secret is rotated, cookies that an older
value signed stay good, and their CSRF token is made with that same value.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from talatat.db import is_id

NAME = "talatat_session"
COOKIE, CSRF = b"accounts session cookie", b"accounts csrf token"


@dataclass(frozen=True)
class SessionCookie:
    """A cookie whose signature is right: the session's id and the CSRF token that goes with it."""

    session_id: str
    csrf_token: str


def signature(secret: str, purpose: bytes, session_id: str) -> str:
    """HMAC-SHA-256 over purpose and id, in the characters of a cookie."""
    mac = hmac.digest(secret.encode(), purpose + b"\0" + session_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def make(secret: str, session_id: str) -> str:
    """The value of the cookie of a session."""
    return f"{session_id}.{signature(secret, COOKIE, session_id)}"


def csrf_token(secret: str, session_id: str) -> str:
    """What unsafe requests of the session have to show."""
    return signature(secret, CSRF, session_id)


def read(value: str, secrets: Sequence[str]) -> SessionCookie | None:
    """The content of a cookie that one of the secrets signed, else None."""
    session_id, _, given = value.partition(".")
    if not given or not given.isascii() or not is_id(session_id):
        return None
    for secret in secrets:
        if hmac.compare_digest(given, signature(secret, COOKIE, session_id)):
            return SessionCookie(session_id, csrf_token(secret, session_id))
    return None


def cookie_name(request: Any) -> str:
    """Over https the browser itself guards a `__Host-` cookie against other hosts and plain http."""
    return f"__Host-{NAME}" if request.scheme == "https" else NAME


def set_cookie(response: Any, request: Any, value: str, max_age: int) -> None:
    """Give the browser the cookie: not readable by scripts, not sent by other sites' forms."""
    response.set_cookie(
        cookie_name(request),
        value,
        max_age=max_age,
        path="/",
        secure=request.scheme == "https",
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(response: Any, request: Any) -> None:
    """Take the cookie away again."""
    response.set_cookie(
        cookie_name(request),
        "",
        max_age=0,
        path="/",
        secure=request.scheme == "https",
        httponly=True,
        samesite="Lax",
    )
