"""Logging in through an identity provider: OpenID Connect, authorization code flow with PKCE.

A browser is sent to the provider and comes back with a code. The code is exchanged for an ID token, a signed
statement of who it is; and who that is here, a row says that links the provider's name for somebody to an
account. From there on the login is like any other: a session, which ends, and can be ended, like any other.

A provider can be slow, away or lying, and whatever it says comes over the network. None of that is a failure
of this server: a login that does not come about is a page that says why, below which one can still log in
with a password.

settings     accounts.oidc = NAME ..., and accounts.oidc.NAME.* for each
providers    a provider as the settings describe it
flow         what the browser keeps while it is away: state, nonce, PKCE verifier
discovery    what a provider publishes of itself: its endpoints and its keys
calling      calls to a provider, few at a time
exchange     the address of the provider, and from a code to claims
id_tokens    what is checked of an ID token
views        the pages
services     who one is at providers, and taking that away
people       from claims to an account
models       whose account belongs to whom, and which session came from where
"""

from typing import Any


def includeme(config: Any) -> None:
    """Routes, problems, views, and what is remembered of providers.

    Included where a provider is listed: elsewhere there are no such routes, and no client of HTTP is imported.
    """
    from talatat_accounts.oidc.discovery import IPublished, Published
    from talatat_accounts.oidc.refusals import PROBLEMS

    for name in ("login", "callback", "connect", "logout"):
        config.add_route(f"accounts.oidc.{name}", f"/accounts/oidc/{{provider}}/{name}")
    for code, (status, meaning, remedy) in PROBLEMS.items():
        config.add_problem(code, status, meaning, remedy)
    config.registry.registerUtility(Published(), IPublished)
    config.scan(".views")
    config.scan(".services")
