"""The tween at the door: outside of the guard, the transaction and the database.

Probes of liveness and readiness and static files are not counted. Nor is /health, but for credentials that
are not valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from talatat.limiting.fields import tell_limits
from talatat.limiting.limiter import Counted, Limiter
from talatat.problems import PROBES, Problem, response_of

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

# In the environ: all tries of pyramid_retry have one.
COUNTED = "talatat.limits"
UNCOUNTED = PROBES - {"/health"}

Handler = Callable[["Request"], "Response"]


def limits_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Count each request; the handler itself where limits are switched off."""
    limiter: Limiter = registry.system.limits
    if not limiter.policies.enabled:
        return handler
    static = tuple(static_prefixes(registry))

    def limits_tween(request: Request) -> Response:
        path = request.environ.get("PATH_INFO", "")
        if path in UNCOUNTED or path.startswith(static):
            return handler(request)
        counted: Counted | None = request.environ.get(COUNTED)
        if counted is None:
            counted = request.environ[COUNTED] = Counted(exempt=path in PROBES)
            try:
                limiter.enter(request, counted)
            except Problem as problem:
                return told(response_of(request, problem), counted)
        response = handler(request)
        limiter.leave(request, counted)
        return told(response, counted)

    return limits_tween


def told(response: Response, counted: Counted) -> Response:
    """The answer, with what was counted."""
    tell_limits(response, (taken for _, taken in counted.taken.values()))
    return response


def static_prefixes(registry: Registry) -> Iterator[str]:
    """The beginnings of the paths under which files lie."""
    for entry in registry.introspector.get_category("static views", ()):
        name = entry["introspectable"]["name"]
        route = registry.introspector.get("routes", f"__{name}")
        prefix = "" if route is None else route["pattern"].partition("*subpath")[0].lstrip("/")
        if prefix and "{" not in prefix:
            yield f"/{prefix}"


def includeme(config: Configurator) -> None:
    """Add the tween."""
    config.add_tween("talatat.limiting.tween.limits_tween_factory")
