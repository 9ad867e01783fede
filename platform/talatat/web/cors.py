"""Cross-origin requests to /api: refused by browsers unless `talatat.cors_origins` lists who may.

Exact origins may send cookies too, and prove by the CSRF token that they mean it; `*` lets pages of
anybody call, without credentials. Nothing else is ever allowed by a wildcard. A preflight is answered for
every route with the methods of its path. A hand-written Cornice service that says its own `cors_origins`
decides for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from pyramid.response import Response

from talatat.problems import is_api
from talatat.web.vary import vary_by

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request

ANYBODY = "*"
MAX_AGE = "3600"
# What the conventions of the API need beyond what browsers send by themselves.
REQUEST_HEADERS = (
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, Request-Id,"
    " traceparent, tracestate, X-CSRF-Token"
)
EXPOSED_HEADERS = (
    "Accept-Patch, Allow, Deprecation, ETag, Idempotent-Replay, Link, Location,"
    " RateLimit, RateLimit-Policy, Request-Id, Retry-After, Sunset, traceparent, WWW-Authenticate"
)

Handler = Callable[["Request"], Response]


class Origins:
    """Who may call: the origins of `talatat.cors_origins`, or anybody."""

    def __init__(self, listed: Collection[str]) -> None:
        self.anybody = ANYBODY in listed
        self.listed = frozenset(listed)

    def tell(self, origin: str | None, response: Response) -> bool:
        """Say on the answer whether a page of `origin` may read it; whether it may."""
        if self.anybody:
            response.headers["Access-Control-Allow-Origin"] = ANYBODY
            return True
        vary_by(response, "Origin")
        if origin not in self.listed:
            return False
        response.headers["Access-Control-Allow-Origin"] = str(origin)
        response.headers["Access-Control-Allow-Credentials"] = "true"
        return True


def cors_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Tell browsers which pages may call; nothing is done for other paths than those of the API."""
    origins = Origins(registry.system.settings.platform.cors_origins)

    def cors_tween(request: Request) -> Response:
        response = handler(request)
        if not is_api(request) or _decides_itself(request):
            return response
        origin = request.environ.get("HTTP_ORIGIN")
        if _is_preflight(request) and response.status_int != 404 and response.status_int < 500:
            response = _preflight(request, response)
        if origins.tell(origin, response) and not _is_preflight(request):
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response

    return cors_tween


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.environ


def _preflight(request: Request, answered: Response) -> Response:
    """The answer to a browser that asks whether it may ask; `answered` is that to its OPTIONS."""
    # A view that takes any method has no list of them: it takes the one that is asked about.
    asked = request.environ["HTTP_ACCESS_CONTROL_REQUEST_METHOD"]
    allowed = answered.headers.get("Allow") or (asked if asked.isalpha() else "GET")
    return Response(
        status=204,
        content_type=None,
        headers={
            "Allow": allowed,
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": MAX_AGE,
        },
    )


def _decides_itself(request: Request) -> bool:
    """Whether the request met a Cornice service with CORS of its own."""
    if getattr(request, "matched_route", None) is None:
        return False
    service = request.current_service
    return service is not None and bool(service.cors_enabled)


def includeme(config: Configurator) -> None:
    """Add the tween where origins are listed: closed costs nothing."""
    if config.registry.system.settings.platform.cors_origins:
        config.add_tween("talatat.web.cors.cors_tween_factory")
