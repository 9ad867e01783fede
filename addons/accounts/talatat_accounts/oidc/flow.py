"""What a browser keeps while it is at the provider: one encrypted cookie that ends after ten minutes.

It binds the answer to the browser that asked: whoever is led here with somebody else's code has not got the
cookie that goes with it. `state` ties the redirect to the cookie, `nonce` the ID token, and the PKCE verifier
the code. Nothing is kept on the server, so that nobody can fill it by beginning logins.
"""

import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any, Self

from talatat.security.keys import WrongKey
from talatat_accounts.cookies import cookie_name, drop_cookie, keys_of, set_cookie
from talatat_accounts.oidc.providers import Provider
from talatat_accounts.oidc.refusals import no_login_begun

NAME = "talatat_oidc"
PURPOSE = b"accounts.oidc"
SECONDS = 600
MOST = 4000  # characters that a browser keeps


@dataclass(frozen=True)
class Begun:
    """A login that was begun.

    With `user_id`, somebody who is logged in connects an account. With `again`, the provider was asked to let
    them prove anew who they are, whoever is logged in there.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    target: str
    user_id: str | None
    again: bool
    at: int

    @classmethod
    def new(
        cls, provider: Provider, target: str, user_id: str | None = None, again: bool = False
    ) -> Self:
        """One with values that nobody can guess: 256 bits each."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(provider.name, state, nonce, verifier, target, user_id, again, int(time.time()))


def keep(request: Any, response: Any, begun: Begun) -> None:
    """Give the browser the cookie."""
    value = keys_of(request).encrypt(PURPOSE, json.dumps(asdict(begun)).encode())
    set_cookie(response, request, value, SECONDS, NAME)


def forget(request: Any, response: Any) -> None:
    """Take the cookie away: an answer of the provider counts once."""
    drop_cookie(response, request, NAME)


def take(request: Any, provider: Provider, state: str) -> Begun:
    """What this browser began with this provider; raises Problem 400 `oidc_state`."""
    value = request.cookies.get(cookie_name(request, NAME), "")
    try:
        begun = Begun(**json.loads(keys_of(request).decrypt(PURPOSE, value[:MOST])))
    except (WrongKey, ValueError, TypeError):
        raise no_login_begun() from None
    fits = hmac.compare_digest(begun.state.encode(), state.encode("utf-8", "surrogateescape"))
    if begun.provider != provider.name or not fits or time.time() >= begun.at + SECONDS:
        raise no_login_begun()
    return begun
