"""The exception views: whatever a request raises is answered as a problem.

An error of the server is logged with its traceback under the request's id and answered without a
word of its insides. Database errors that go away by themselves are 503 with Retry-After; the tries
of pyramid_retry are over when one is answered.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyramid.exceptions import PredicateMismatch, URLDecodeError
from pyramid.httpexceptions import HTTPException, HTTPForbidden, HTTPNotFound
from pyramid.interfaces import IRoutesMapper, ISecurityPolicy
from pyramid.registry import Registry
from pyramid.response import Response
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from zope.interface import Interface

from talatat.codes import CODE_OF_STATUS
from talatat.db.ids import NotAnId
from talatat.db.retry import is_busy, is_unreachable
from talatat.outbound import OutboundError, OutboundRefused
from talatat.problems import Problem, request_id, response_of, wants_json

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

log = logging.getLogger("talatat.problems")

RETRY_AFTER = {"Retry-After": "5"}
# WebOb's words for what a view gives it for a header, and what can only have come with the request.
UNFIT_HEADER = "Header value may not contain control characters"


def http_exception(exc: HTTPException, request: Request) -> Response:
    """Any HTTP exception; redirects and the like pass as they are."""
    if exc.code == 405 and request.method == "OPTIONS" and "Allow" in exc.headers:
        return options(exc.headers["Allow"].split(", "))
    if isinstance(exc, Problem):
        return response_of(request, exc)
    if exc.code < 400:
        return exc
    own_body = exc.has_body and not wants_json(request)
    if own_body:  # a page that somebody wrote
        return exc
    code = CODE_OF_STATUS.get(exc.code, f"http_{exc.code}")
    problem = Problem(exc.code, code, exc.detail or exc.explanation or "", title=exc.title)
    problem.problem_headers = {
        name: value
        for name, value in exc.headers.items()
        if name.lower() not in ("content-type", "content-length")
    }
    return response_of(request, problem)


def not_found(exc: HTTPNotFound, request: Request) -> Response:
    """404, or 405 with Allow where the path exists for other methods."""
    allowed = allowed_methods(request)
    if allowed and request.method == "OPTIONS":
        return options(allowed)
    if allowed and request.method not in allowed:
        return response_of(request, method_not_allowed(request, allowed))
    if isinstance(exc, PredicateMismatch):
        # Its own message names the predicates and the view: not for strangers.
        return response_of(request, Problem(404, "not_found", f"There is no {request.path}"))
    detail = exc.detail or ""
    if not detail or detail == request.path:
        detail = f"There is no {request.path}"
    return response_of(request, Problem(404, "not_found", detail))


def options(allowed: Iterable[str]) -> Response:
    """The answer to OPTIONS: what the path takes."""
    listed = ", ".join(sorted({*allowed, "OPTIONS"}))
    return Response(status=204, content_type=None, headers={"Allow": listed})


def method_not_allowed(request: Request, allowed: set[str]) -> Problem:
    """405 with the methods that the path takes."""
    listed = ", ".join(sorted(allowed))
    return Problem(
        405,
        "method_not_allowed",
        f"{request.path} takes {listed}, not {request.method}",
        headers={"Allow": listed},
    )


def allowed_methods(request: Request) -> set[str]:
    """The methods of all views on the matched route, and of routes told apart by method only.

    Empty where the path is nobody's, or where something takes any method.
    """
    methods: Methods = request.registry.getUtility(IMethods)
    route = getattr(request, "matched_route", None)
    if route is not None:
        return methods.of_views.get(route.name, set())
    path = request.environ["PATH_INFO"]  # which may not be UTF-8
    return {
        name for one, names in methods.of_routes if one.match(path) is not None for name in names
    }


class IMethods(Interface):
    """Under which name the registry keeps its `Methods`."""


class Methods:
    """Which methods the routes of one registry take: looked up once, when first asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @cached_property
    def of_views(self) -> dict[str, set[str]]:
        """Route name -> methods of its views; a route with a view for any method is left out."""
        return _methods_of_views(self._registry)

    @cached_property
    def of_routes(self) -> list[tuple[Any, set[str]]]:
        """Routes that have a request_method predicate, with their methods."""
        return _restricted_routes(self._registry)


def _methods_of_views(registry: Registry) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    open_to_all: set[str] = set()
    for entry in registry.introspector.get_category("views") or ():
        view = entry["introspectable"]
        name, methods = view.get("route_name"), view.get("request_methods")
        if not name:
            continue
        if not methods:
            open_to_all.add(name)
        else:
            found.setdefault(name, set()).update(_with_head(methods))
    return {name: methods for name, methods in found.items() if name not in open_to_all}


def _restricted_routes(registry: Registry) -> list[tuple[Any, set[str]]]:
    mapper = registry.queryUtility(IRoutesMapper)
    found = []
    for route in mapper.get_routes() if mapper is not None else ():
        declared = registry.introspector.get("routes", route.name)
        methods = declared.get("request_methods") if declared is not None else None
        if methods:
            found.append((route, _with_head(methods)))
    return found


def _with_head(methods: Any) -> set[str]:
    named = {methods} if isinstance(methods, str) else set(methods)
    return named | {"HEAD"} if "GET" in named else named


def forbidden(exc: HTTPForbidden, request: Request) -> Response:
    """403 for somebody, 401 with WWW-Authenticate for nobody."""
    policy = request.registry.queryUtility(ISecurityPolicy)
    known = getattr(policy, "known_identity", None) or getattr(policy, "identity", None)
    if known is not None and known(request) is not None:
        if isinstance(getattr(exc, "result", None), Problem):
            return response_of(request, exc.result)
        return response_of(request, Problem(403, "forbidden", _reason(exc)))
    if exc.detail and getattr(exc, "result", None) is None:
        # A view refused by itself, for a reason that credentials would not mend.
        return response_of(request, Problem(403, "forbidden", exc.detail))
    challenges = policy.challenges(request) if hasattr(policy, "challenges") else ["Bearer"]
    problem = Problem(401, "unauthorized", headers={"WWW-Authenticate": ", ".join(challenges)})
    return response_of(request, problem)


def _reason(exc: HTTPForbidden) -> str:
    result = getattr(exc, "result", None)
    message = getattr(result, "msg", None)
    return str(message or exc.detail or "")


def undecodable(exc: UnicodeDecodeError, request: Request) -> Response:
    """A path whose percent-encoding is not UTF-8."""
    return response_of(request, Problem(400, "bad_request", "The URL is not encoded in UTF-8"))


def database_error(exc: Exception, request: Request) -> Response:
    """The database is away, all connections are in use, or a lock was waited for in vain: 503.

    Any other error of it: 500.
    """
    if isinstance(exc, PoolTimeout):
        request.registry.system.load.note("no connection to the database is free")
        return response_of(request, Problem(503, "overloaded", headers=RETRY_AFTER))
    if is_unreachable(exc):
        log.error("the database cannot be used: %s", exc, extra=_facts(request))
        return response_of(request, Problem(503, "database_unavailable", headers=RETRY_AFTER))
    if is_busy(exc):
        log.warning("a lock was waited for in vain: %s", exc, extra=_facts(request))
        return response_of(request, Problem(503, "busy", headers={"Retry-After": "1"}))
    return failure(exc, request)


def integrity_error(exc: IntegrityError, request: Request) -> Response:
    """A constraint refused a row outside of a resource, or at COMMIT."""
    log.info("a constraint refused a row: %s", exc.orig, extra=_facts(request))
    return response_of(request, Problem(409, "conflict", "The request contradicts what is stored"))


def statement_error(exc: StatementError, request: Request) -> Response:
    """A value that is no id: no row has what the path asks for, and a parameter is wrong. Else a failure.

    Whoever looks up `request.matchdict["id"]` need not ask first whether it can be an id.
    """
    value = exc.orig.value if isinstance(exc.orig, NotAnId) else None
    if value is not None:
        if value in (request.matchdict or {}).values():
            return response_of(request, Problem(404, "not_found", f"There is no {request.path}"))
        for name, given in request.GET.items():
            if value == given:
                return response_of(request, Problem(400, "bad_request", f"{name} is no UUID"))
    return failure(exc, request)


def stale_data(exc: StaleDataError, request: Request) -> Response:
    """Somebody else wrote the row in between, as often as we tried."""
    return response_of(request, Problem(409, "conflict", "The row was changed by somebody else"))


def outbound_error(exc: OutboundError, request: Request) -> Response:
    """A call to another server was refused, or failed: no fault of this one."""
    log.warning("%s: %s", type(exc).__name__, exc, extra=_facts(request))
    if isinstance(exc, OutboundRefused):
        return response_of(request, Problem(422, "url_refused", str(exc)))
    return response_of(request, Problem(424, "dependency_failed", str(exc), headers=RETRY_AFTER))


def failure(exc: Exception, request: Request) -> Response:
    """Anything else is the server's own failure: logged with its traceback, told to nobody."""
    if str(exc) == UNFIT_HEADER:
        log.error("a view puts a line end into a header", exc_info=exc, extra=_facts(request))
        return response_of(request, Problem(400, "bad_request", "The request holds a line end"))
    log.error(
        "%s %s failed: %s: %s",
        request.method,
        re.sub(r"[\x00-\x1f]", "?", request.environ.get("PATH_INFO", "")),
        type(exc).__name__,
        exc,
        exc_info=exc,
        extra=_facts(request),
    )
    return response_of(request, Problem(500, "internal_error"))


def _facts(request: Request) -> dict[str, str]:
    return {"request_id": request_id(request)}


def includeme(config: Configurator) -> None:
    """Register the exception views. Pyramid's own default for HTTP exceptions gives way to ours."""
    config.registry.registerUtility(Methods(config.registry), IMethods)
    config.add_notfound_view(not_found)
    config.add_forbidden_view(forbidden)
    config.add_exception_view(http_exception, context=HTTPException)
    config.add_exception_view(undecodable, context=URLDecodeError)
    config.add_exception_view(statement_error, context=StatementError)
    config.add_exception_view(database_error, context=DBAPIError)
    config.add_exception_view(database_error, context=PoolTimeout)
    config.add_exception_view(integrity_error, context=IntegrityError)
    config.add_exception_view(stale_data, context=StaleDataError)
    config.add_exception_view(outbound_error, context=OutboundError)
    config.add_exception_view(failure, context=Exception)
