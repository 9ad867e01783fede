"""Secure headers on every answer, and the ways to relax them for one answer.

A header that a response already has is left alone, so a view relaxes by setting it itself.
`relax_csp(response, "script-src 'self' 'sha256-...'")` changes single directives of the policy for
pages; `without(response, "Cross-Origin-Opener-Policy")` leaves a header out.

It also looks at what views have put into headers: a value never ends its line, and no redirect leads to
another site unnoticed (`redirects.py`).
"""

import logging
import re
from collections.abc import Callable
from typing import Any

from talatat.composition import PLATFORM
from talatat.header_names import LOWER
from talatat.security.redirects import answered_by, contained

log = logging.getLogger(__name__)

CSP = "Content-Security-Policy"
HSTS = "Strict-Transport-Security"
ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),  # for browsers that do not know frame-ancestors
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
PAGE_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
PAGE_CSP = "; ".join(f"{name} {value}" for name, value in PAGE_POLICY.items())
# Unmodified third-party packages have scripts and styles in their pages, and must work as they are.
GUEST_CSP = f"{PAGE_CSP}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
# JSON, files and all else that is no page loads nothing, wherever somebody opens it. The last two do not
# follow from the first.
DATA_CSP = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
PAGES = ("text/html", "application/xhtml+xml")
NAMES = frozenset(name.lower() for name in (CSP, HSTS, *(name for name, _ in ALWAYS)))
LINE_ENDS = re.compile(r"[\r\n\0]")
_LEFT_OUT = "_talatat_headers_left_out"


def relax_csp(response: Any, *directives: str) -> None:
    """Give single directives of the page policy other values on this response.

    `relax_csp(response, "style-src 'self' 'unsafe-inline'")`
    """
    policy = dict(PAGE_POLICY)
    policy.update((name, value) for name, _, value in (d.partition(" ") for d in directives))
    response.headers[CSP] = "; ".join(f"{name} {value}".strip() for name, value in policy.items())


def without(response: Any, *names: str) -> None:
    """Leave these headers out of this response."""
    left_out = frozenset(name.lower() for name in names)
    setattr(response, _LEFT_OUT, getattr(response, _LEFT_OUT, frozenset()) | left_out)


def secure_headers_tween(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    """Tween factory; it is called after everything is composed."""
    guests, hsts = Guests(registry), registry.system.settings.platform.hsts

    def secured(request: Any) -> Any:
        response = handler(request)
        guest = guests.answered(request)
        if 300 <= response.status_int < 400 and not guest:
            response = contained(request, response)
        keep_lines(request, response)
        policy = GUEST_CSP if guest else PAGE_CSP
        add_secure_headers(response, policy, hsts if request.scheme == "https" else None)
        return response

    return secured


def keep_lines(request: Any, response: Any) -> None:
    """Let no header's value end its line: it would become headers, or a second answer.

    RFC 9110, 5.5: such characters are replaced by spaces. What no byte stands for would be an error of the
    server.
    """
    text = "".join([value for _, value in response.headerlist])
    if text.isascii() and "\n" not in text and "\r" not in text and "\0" not in text:
        return
    for at, (name, value) in enumerate(response.headerlist):
        fit = LINE_ENDS.sub(" ", value).encode("latin-1", "replace").decode("latin-1")
        if fit != value:
            response.headerlist[at] = (name, fit)
            log.error("%s puts what is no text of a header into %s", answered_by(request), name)


class Guests:
    """The third-party packages of a composition, which were written for no policy of ours."""

    def __init__(self, registry: Any) -> None:
        composed = registry.system.composition.addons
        own = {PLATFORM, *(addon.name for addon in composed if not addon.plain)}
        routes = [one["introspectable"] for one in registry.introspector.get_category("routes", ())]
        self.present = any(addon.plain for addon in composed)
        self.routes = frozenset(
            route["name"] for route in routes if route.get("addon", PLATFORM) not in own
        )

    def answered(self, request: Any) -> bool:
        """Whether one of them made the answer: on a route of its own, or in a tween before any route."""
        if not self.present:
            return False
        route = getattr(request, "matched_route", None)
        if route is None:
            return getattr(request, "exception", None) is None
        return route.name in self.routes


def add_secure_headers(response: Any, page_policy: str, hsts: str | None) -> None:
    """Add what is missing to one response; `hsts` to one over https."""
    present, content_type = set(), ""
    for name, value in response.headerlist:
        lower = LOWER[name]
        present.add(lower)
        if lower == "content-type":
            content_type = value
    present |= getattr(response, _LEFT_OUT, frozenset())
    policy = page_policy if content_type.startswith(PAGES) else DATA_CSP
    wanted = [*ALWAYS, (CSP, policy)]
    if hsts:
        wanted.append((HSTS, hsts))
    if not present.isdisjoint(NAMES):
        wanted = [pair for pair in wanted if pair[0].lower() not in present]
    response.headerlist.extend(wanted)


def includeme(config: Any) -> None:
    """Add the tween. To be included last of all, so that it stands around whatever else answers."""
    config.add_tween("talatat.security.headers.secure_headers_tween")
