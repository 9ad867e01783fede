"""The guard: a process serves only a database that is at its composition.

A process that was started before `talatat apply`, or with another version of an addon, does not fail
in the middle of requests: it starts, answers /livez and /readyz, and everything else with 503 and the
command that mends it. Once the database has been seen to be right it is not asked again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyramid.tweens import EXCVIEW, INGRESS

from talatat.evolution.readiness import Status, status
from talatat.problems import Problem, response_of

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

    from talatat.system import System

log = logging.getLogger(__name__)

ALWAYS = frozenset({"/livez", "/readyz"})
# While it is not right the database is asked once in this many seconds, however many requests come.
REST = 1.0
TM = "pyramid_tm.tm_tween_factory"

Handler = Callable[["Request"], "Response"]


class Guard:
    """What is known of the database of one composed system."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.open = False
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._last = Status(False)

    def look(self) -> Status:
        """Return the status, asked for not long ago; open the guard when it is right."""
        with self._lock:
            if not self.open and time.monotonic() - self._asked >= REST:
                self._last = status(self.system)
                self._asked = time.monotonic()
                if self._last.ok:
                    self.system.release = self._last.release
                    self.system.outbox.start()
                    self.open = True
            return self._last


def tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Refuse to serve until the database is at the composition."""
    guard = Guard(registry.system)

    def guarded(request: Request) -> Response:
        if guard.open or request.environ["PATH_INFO"] in ALWAYS:
            return handler(request)
        seen = guard.look()
        return handler(request) if seen.ok else refusal(request, seen)

    return guarded


def refusal(request: Request, seen: Status) -> Response:
    """Return the 503 that says what to do."""
    if seen.command:
        names = ", ".join(f"{one['addon']} {one['revision']}" for one in seen.missing)
        detail = f"The database is not at this composition; it lacks {names}. Run: {seen.command}"
        code, extra = "not_applied", {"missing": seen.missing, "command": seen.command}
    else:
        # Hosts, files and users are the operator's business: they stand in the log.
        log.error("not serving: %s", seen.problem)
        detail = "The database cannot be used now. The server's log says why."
        code, extra = "database_unavailable", {}
    problem = Problem(503, code, detail, headers={"Retry-After": "5"}, extra=extra)
    return response_of(request, problem)


def includeme(config: Configurator) -> None:
    """Put the guard before everything that uses the database."""
    config.add_tween("talatat.evolution.guard.tween_factory", under=INGRESS, over=(EXCVIEW, TM))
