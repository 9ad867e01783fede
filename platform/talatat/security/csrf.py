"""Cross-site request forgery: an unsafe request that a cookie authenticates has to prove its origin.

A browser adds a cookie to whatever request any page makes, and nothing else by itself. So only
identities with `cookie=True` are asked for a proof: the token that the login answered, in
`X-CSRF-Token` (or the form field `csrf_token`), and an `Origin` (or `Referer`) of this host where
one is sent. Requests with a bearer token, and anonymous ones, have nothing to forge.
"""

import hmac
from typing import Any
from urllib.parse import urlsplit

from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.interfaces import ICSRFStoragePolicy
from pyramid.settings import aslist
from zope.interface import implementer

from talatat.problems import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def csrf_checked_view(view: Any, info: Any) -> Any:
    """View deriver: check unsafe requests before the permission is looked at.

    `require_csrf=False` on a view leaves it to the view (it may call `check_csrf` itself).
    """
    if info.exception_only or info.options.get("require_csrf") is False:
        return view

    def checked(context: Any, request: Any) -> Any:
        # A view that renders an exception only answers; the request was checked on its way in.
        if request.method not in SAFE_METHODS and getattr(request, "exception", None) is None:
            check_csrf(request)
        return view(context, request)

    return checked


def check_csrf(request: Any) -> None:
    """Raise Problem 403 `csrf_failed` unless the request is free of cookies or proves its origin."""
    # Without any cookie there is nothing that a browser could have added: nobody is identified.
    if "HTTP_COOKIE" not in request.environ:
        return
    identity = request.identity
    if identity is None or not identity.cookie:
        return
    check_origin(request)
    if not same(identity.csrf_token, supplied_token(request)):
        raise Problem(
            403,
            "csrf_failed",
            "This request is authenticated by a cookie: send the csrf_token that the login "
            f"answered (GET of one's own account repeats it) as the header {HEADER}.",
        )


# Said of a view that everybody may write to: `talatat check` asks for it.
csrf_checked_view.options = ("public_because",)  # type: ignore[attr-defined]


def supplied_token(request: Any) -> str | None:
    """The token that the client sent, from the header or from a form."""
    token: str | None = request.headers.get(HEADER)
    if token is None and request.content_type in FORMS:
        token = request.POST.get(FIELD)
    return token if isinstance(token, str) else None


def same(expected: str | None, given: str | None) -> bool:
    """Compare in constant time; a missing value equals nothing."""
    if not expected or not given:
        return False
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def check_origin(request: Any) -> None:
    """Raise Problem 403 `origin_refused` if the browser says that another site made the request.

    Hosts in Pyramid's setting `pyramid.csrf_trusted_origins` are trusted as well, and the origins whose
    pages may call the API at all.
    """
    origin = request.headers.get("Origin")
    source = origin if origin is not None else request.headers.get("Referer")
    if source is None:  # not a browser, or one told to send neither: the token decides
        return
    if origin_of(source) in trusted_origins(request):
        return
    raise Problem(
        403,
        "origin_refused",
        f"The request was made by a page of {source!r}, not of {request.host_url!r}. If that page "
        "is yours, list its origin in the setting talatat.cors_origins.",
    )


def origin_of(url: str) -> str | None:
    """scheme://host[:port] in lower case, without a default port; None for what has no host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    default = {"http": 80, "https": 443}.get(parts.scheme)
    suffix = "" if port is None or port == default else f":{port}"
    return f"{parts.scheme}://{parts.hostname}{suffix}"


def trusted_origins(request: Any) -> set[str | None]:
    """This host's own origin and the configured ones."""
    settings = request.registry.settings
    configured = aslist(settings.get("pyramid.csrf_trusted_origins", ""))
    configured += [one for one in aslist(settings.get("talatat.cors_origins", "")) if one != "*"]
    own = origin_of(request.host_url)
    # A bare host, as Pyramid's setting has it, means that host on this request's scheme.
    return {own} | {origin_of(o if "//" in o else f"{request.scheme}://{o}") for o in configured}


COOKIE = "talatat_csrf"
PLAIN = CookieCSRFStoragePolicy(COOKIE, httponly=True)
BOUND_TO_HOST = CookieCSRFStoragePolicy(f"__Host-{COOKIE}", secure=True, httponly=True)


def anonymous(request: Any) -> CookieCSRFStoragePolicy:
    """Where the token of somebody who is not logged in is kept."""
    return BOUND_TO_HOST if request.scheme == "https" else PLAIN


@implementer(ICSRFStoragePolicy)
class IdentityCSRFStorage:
    """What Pyramid's own `get_csrf_token` gives: the session's token, or an anonymous cookie's.

    The anonymous one protects forms that are shown before login (double submit). It is bound to nothing,
    for there is nobody yet; over https no other host and no plain page can put one into a browser, which
    is what its name demands of the browser. Whoever could, would still be of another origin.
    """

    def new_csrf_token(self, request: Any) -> str:
        """A new anonymous token, and its cookie on the answer."""
        return str(anonymous(request).new_csrf_token(request))

    def get_csrf_token(self, request: Any) -> str:
        """The session's token; for nobody that of the cookie, a new one where there is none."""
        identity = request.identity
        if identity is not None and identity.csrf_token:
            return str(identity.csrf_token)
        return str(anonymous(request).get_csrf_token(request))

    def check_csrf_token(self, request: Any, token: str) -> bool:
        """Whether it is the one that this request has to show."""
        return same(self.get_csrf_token(request), token)
