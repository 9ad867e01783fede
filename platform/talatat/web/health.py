"""`/livez` and `/readyz`: for those who decide whether to restart a process and whether to send it work.

`/livez` touches nothing: it answers as long as the process does. `/readyz` asks the database, not more
often than once a second, and says 503 with the command to run where it is not at the composition.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from zope.interface import Interface

from talatat.system import System

log = logging.getLogger(__name__)

# By name, as the composed rooms are: nothing that serves imports evolution.
STATUS = "talatat.evolution.guard.ready"
REST = 1.0
OVERLOADED: dict[str, Any] = {"status": "overloaded", "missing": [], "command": None}
DRAINING: dict[str, Any] = {"status": "draining", "missing": [], "command": None}


class IReadiness(Interface):
    """Under which name the registry keeps its `Readiness`."""


class Readiness:
    """The last answer for one composed system, asked for again when it is older than `REST` seconds."""

    def __init__(self, system: System, ask: Callable[[System], Any]) -> None:
        self.system = system
        self._ask = ask
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._body: dict[str, Any] = {}

    def body(self) -> dict[str, Any]:
        """`{status, release, missing, quarantined, command}`.

        The status is ok, not_applied, superseded (the database went beyond this process), unavailable,
        overloaded (requests are sent away), or draining: the process was told to stop. For these two
        the database is not asked.
        """
        if self.system.draining or self.system.load.is_over:
            return {
                "release": self.system.release,
                **(DRAINING if self.system.draining else OVERLOADED),
                "quarantined": sorted(self.system.quarantined),
            }
        with self._lock:
            if time.monotonic() - self._asked >= REST:
                self._body = self._seen()
                self._asked = time.monotonic()
            return self._body

    def _seen(self) -> dict[str, Any]:
        seen = self._ask(self.system)
        if seen.problem:  # hosts, files and users are the operator's business
            log.error("not ready: %s", seen.problem)
        return {
            "status": seen.word,
            "release": seen.release,
            "missing": seen.missing,
            "quarantined": sorted(self.system.quarantined),
            "command": seen.command,
        }


def livez(request: Request) -> dict[str, str]:
    """The process answers."""
    _never_stored(request.response)
    return {"status": "ok"}


def readyz(request: Request) -> dict[str, Any]:
    """The process can do its work, or 503 with what mends it."""
    body: dict[str, Any] = request.registry.getUtility(IReadiness).body()
    _never_stored(request.response)
    if body["status"] != "ok":
        request.response.status_int = 503
        request.response.headers["Retry-After"] = "5"
    return body


def _never_stored(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


def includeme(config: Configurator) -> None:
    """Register both, public, for GET and HEAD."""
    readiness = Readiness(config.registry.system, config.maybe_dotted(STATUS))
    config.registry.registerUtility(readiness, IReadiness)
    for view in (livez, readyz):
        name = f"talatat.{view.__name__}"
        config.add_route(name, f"/{view.__name__}")
        config.add_view(
            view, route_name=name, renderer="json", request_method="GET", permission="public"
        )
