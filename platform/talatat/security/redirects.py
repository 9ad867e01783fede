"""Redirects stay on this site, unless an addon says that one does not.

    return HTTPSeeOther(local_url(request, request.GET.get("next", "")))
    return leave(provider_url)

A link to this site that leads on to another one is worth much to a forger: people look at the host of a
link before they follow it. Browsers read two slashes as the beginning of a host, also where one of them is a
backslash or where a tab stands between. So a target that a request brings is a path written plainly, or it
is `/`. And whatever a view answers, a redirect to elsewhere that was not made by `leave` becomes a problem,
with the view's line in the log.
"""

import logging
import re
from typing import Any
from urllib.parse import unquote

from pyramid.httpexceptions import HTTPSeeOther

from talatat.configuration.provenance import line_of_code
from talatat.outbound import parse_url
from talatat.problems import Problem, addon_of, response_of
from talatat.security.csrf import origin_of

log = logging.getLogger(__name__)

LEAVES = "_talatat_leaves_this_site"
# What browsers leave in a path as it is; no white space, no control characters, no backslash.
PATH = re.compile(r"/[!#-;=?-\[\]_a-z~]*", re.ASCII)
RELATIVE = re.compile(r"(?:[?#]|[A-Za-z0-9._~%-]+(?:[/?#]|$))[!#-;=?-\[\]_a-z~]*|", re.ASCII)
MOST = 2000


def local_url(request: Any, value: Any, default: str | None = None) -> str:
    """`value` if it is a path of this site; else `default`, else where the application begins.

    Give it what a request brings before it goes into a Location or a link.
    """
    if isinstance(value, str) and is_local(value):
        return value
    return f"{request.script_name}/" if default is None else default


def is_local(value: str) -> bool:
    """Whether every browser reads a path of this site in it, also one that was decoded once more."""
    if len(value) > MOST or not PATH.fullmatch(value):
        return False
    decoded = unquote(unquote(value)).replace("\\", "/")
    return not re.match(r"/[\s\x00-\x1f]*/", decoded)


def leave(url: str) -> HTTPSeeOther:
    """A redirect (303) to another site; ValueError for what is no plain http or https URL."""
    parse_url(url.partition("?")[0], ("https", "http"))
    response = HTTPSeeOther(url)
    setattr(response, LEAVES, True)
    return response


def stays_here(request: Any, location: str) -> bool:
    """Whether a Location leads to this site."""
    if is_local(location) or RELATIVE.fullmatch(location):
        return True
    try:
        parse_url(re.split("[?#]", location, maxsplit=1)[0], ("https", "http"))
    except ValueError:
        return False
    return location.isprintable() and origin_of(location) == origin_of(request.host_url)


def contained(request: Any, response: Any) -> Any:
    """The response, or a problem if it redirects to elsewhere and nobody said so."""
    location = response.headers.get("Location")
    if location is None or getattr(response, LEAVES, False) or stays_here(request, location):
        return response
    log.error(
        "addon %s, %s: redirects to another site, %r: refused. A target that the request brings goes "
        "through talatat.security.local_url; one that is meant is answered by talatat.security.leave",
        addon_of(request),
        answered_by(request),
        location[:200],
    )
    return response_of(request, Problem(400, "redirect_refused"))


def answered_by(request: Any) -> str:
    """`view name (file:line)` of the view on the request's route, for the log."""
    route = getattr(request, "matched_route", None)
    for entry in request.registry.introspector.get_category("views") or ():
        intr = entry["introspectable"]
        methods = intr.get("request_methods")
        methods = (methods,) if isinstance(methods, str) else methods
        if route is None or intr.get("route_name") != route.name:
            continue
        if not methods or request.method in methods:
            code = intr.get("callable")
            return f"view {getattr(code, '__qualname__', intr.title)} ({line_of_code(code)})"
    return f"{request.method} {request.path}"
