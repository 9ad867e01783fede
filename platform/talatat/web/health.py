"""Health: /livez says that the process runs, /readyz that it can serve. Both are open to all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talatat.evolution.readiness import status

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request


def livez(request: Request) -> dict[str, str]:
    """Touches nothing: a process that answers is alive, whatever became of its database."""
    return {"status": "alive"}


def readyz(request: Request) -> dict[str, Any]:
    """Asks the database each time: 200 when it is at the composition, 503 with the command if not."""
    system = request.registry.system
    seen = status(system)
    request.response.cache_control = "no-store"
    if not seen.ok:
        request.response.status_code = 503
        request.response.retry_after = 5
    return {
        "status": "ready" if seen.ok else "not_ready",
        "release": seen.release,
        "missing": seen.missing,
        "quarantined": sorted(system.quarantined),
        "command": seen.command,
    }


def includeme(config: Configurator) -> None:
    """Add the two views."""
    for view in (livez, readyz):
        name = view.__name__
        config.add_route(f"talatat.{name}", f"/{name}", request_method=("GET", "HEAD"))
        config.add_view(view, route_name=f"talatat.{name}", renderer="json", permission="public")
