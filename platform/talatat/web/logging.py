"""One line per request, and on every line the request's id, the addon and the release.

Lines of the standard library's loggers and of structlog come out alike: JSON for machines, coloured
words on a terminal. Put `class = talatat.web.logging.Formatter` into a formatter of the .ini; its
`format` is `json`, `console` or `auto` (console where stderr is a terminal).

A request's id is the `Request-Id` that it came with, if that is well formed, or a new one; the answer
carries it. Beside it stand the ids of the trace, see `tracing`. When a request is over, subscribers of `RequestFinished` learn of it: telemetry is an addon.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from logging import DEBUG, ERROR, INFO, getLogger

import structlog
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid_retry import is_error_retryable

from talatat.problems import PROBES, addon_of, request_id
from talatat.web.costs.counting import UNCOUNTED, Costs, ICosts, Uncounted
from talatat.web.log_lines import Formatter, choose_format
from talatat.web.tracing import tell, trace_of

Handler = Callable[[Request], Response]
logger = getLogger("talatat.request")


@dataclass(frozen=True)
class RequestFinished:
    """A request is over. `response` is None when an exception went past every view.

    `retried` says that this attempt was thrown away and the request is tried again.
    """

    request: Request
    response: Response | None
    exception: BaseException | None
    seconds: float
    route: str | None
    addon: str
    retried: bool

    @property
    def status(self) -> int:
        """The status that the client gets, or 500 where the server words the answer."""
        return self.response.status_int if self.response is not None else 500


def logging_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Time each request, give its answer the id, count its cost, write its line and tell the observers."""
    costs: Costs | Uncounted = registry.queryUtility(ICosts, default=UNCOUNTED)
    owners: dict[str | None, str] = {}

    def logging_tween(request: Request) -> Response:
        identifier = request_id(request)
        trace = trace_of(request)
        begun = costs.begin()
        started = time.perf_counter()
        try:
            response = handler(request)
        except BaseException as error:
            finished = _finished(request, None, error, started, owners)
            costs.note(finished, begun)
            _finish(registry, finished)
            raise
        tell(response, identifier, trace)
        answered = getattr(request, "exception", None)
        finished = _finished(request, response, answered, started, owners)
        costs.note(finished, begun)
        _finish(registry, finished)
        return response

    return logging_tween


def _finished(
    request: Request,
    response: Response | None,
    error: BaseException | None,
    started: float,
    owners: dict[str | None, str],
) -> RequestFinished:
    route = getattr(request, "matched_route", None)
    name = route.name if route is not None else None
    addon = owners.get(name)
    if addon is None:  # whose a route is does not change: the introspector is asked once
        addon = owners[name] = addon_of(request)
    return RequestFinished(
        request=request,
        response=response,
        exception=error,
        seconds=time.perf_counter() - started,
        route=name,
        addon=addon,
        retried=error is not None and is_error_retryable(request, error),
    )


def _finish(registry: Registry, finished: RequestFinished) -> None:
    if registry.has_listeners:
        registry.notify(finished)
    level = _level(finished)
    if not logger.isEnabledFor(level):
        return
    logger.log(
        level,
        "request tried again" if finished.retried else "request",
        # What a view answered was logged where it was answered.
        exc_info=finished.exception if finished.response is None else None,
        extra={
            "method": finished.request.method,
            "path": finished.request.path,
            "route": finished.route,
            "status": finished.status,
            "duration_ms": round(finished.seconds * 1000, 2),
        },
    )


def _level(finished: RequestFinished) -> int:
    probe = finished.request.environ.get("PATH_INFO") in PROBES
    if finished.status >= 500 and not finished.retried:
        system = getattr(finished.request.registry, "system", None)
        # That a process which was told to stop is not ready is how it should be.
        return INFO if probe and getattr(system, "draining", False) else ERROR
    # Asked for every few seconds by machines: of interest only when something is wrong.
    return DEBUG if probe else INFO


def includeme(config: Configurator) -> None:
    """Put the tween next to the ingress, whatever an addon adds: it runs after every include."""
    config.add_request_method(request_id, "request_id", reify=True)
    config.include("talatat.web.tracing")
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    choose_format(config.registry.system.settings.platform.log_format)
    config.add_tween("talatat.web.logging.logging_tween_factory")


__all__ = ["Formatter", "RequestFinished", "includeme", "request_id"]
