"""The guard: a process serves only a database that is at its composition.

A process that was started before `talatat apply`, or with another version of an addon, does not fail
in the middle of requests: it starts, answers /livez and /readyz, and everything else with 503 and the
command that mends it. Once the database has been seen to be right, requests are not held up by asking it
again: the heartbeat does, and closes the guard when the database was brought where this process cannot
follow.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.tweens import EXCVIEW, INGRESS

from talatat.evolution.graph import EvolutionError
from talatat.evolution.heartbeat import Heartbeat
from talatat.evolution.processes import DEAD_AFTER
from talatat.evolution.readiness import Status, compare, mark_of, status
from talatat.evolution.served import Served
from talatat.problems import Problem, response_of

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response
    from sqlalchemy import Connection

    from talatat.system import System

log = logging.getLogger(__name__)

ALWAYS = frozenset({"/livez", "/readyz"})
# While it is not right the database is asked once in this many seconds, however many requests come.
REST = 1.0
TM = "pyramid_tm.tm_tween_factory"

Handler = Callable[["Request"], "Response"]


class Guard:
    """What is known of the database of one composed system."""

    def __init__(self, system: System, registry: Registry | None = None) -> None:
        self.system = system
        self.served = Served(system, registry)
        self.open = False
        # Others take a process that was silent for longer than this for dead: it has to look again.
        self.until = float("inf")
        self._heartbeat = Heartbeat(system.database.url, self._again)
        self._lock = threading.RLock()
        self._asked = float("-inf")
        self._mark: object = None
        self._last = Status(False)

    def remember(self) -> None:
        """Read the revisions now, at the start: later the files may be those of a newer release."""
        try:
            self.served.graph  # noqa: B018  # it is kept
        except EvolutionError as error:
            log.error("the revisions cannot be read: %s", error)  # noqa: TRY400  # it is worded

    def look(self) -> Status:
        """Return the status, asked for not long ago; open the guard when it is right."""
        with self._lock:
            now = time.monotonic()
            if (not self.open or now >= self.until) and now - self._asked >= REST:
                self._see(status(self.system, self.served))
            return self._last

    def check(self) -> Status:
        """Ask now; open the guard when the database is right, close it when it no longer is."""
        with self._lock:
            return self._see(status(self.system, self.served))

    def stop(self) -> None:
        """End the heartbeat; the process goes."""
        self.open = False
        self._heartbeat.stop()

    def _see(self, seen: Status) -> Status:
        if seen.ok and (not self.open or time.monotonic() >= self.until):
            seen = self._opened(seen)
        elif self.open and not seen.ok and not seen.unreachable:
            log.error("serving no more: %s", seen.problem or f"it lacks {_names(seen)}")
            self.open = False
            self._heartbeat.end()
        self._last = seen
        self._asked = time.monotonic()
        return seen

    def _opened(self, seen: Status) -> Status:
        if self.system.serving:
            self._heartbeat.beat(seen.release)
            # What takes away waits for processes that are seen. Was that done just before this one was?
            seen = status(self.system, self.served)
            if not seen.ok:
                self._heartbeat.remove()
                return seen
            self._heartbeat.start()
            self.until = time.monotonic() + DEAD_AFTER
        self.system.release = seen.release
        self.system.outbox.start()
        self.open = True
        _open.add(self)
        return seen

    def _again(self, connection: Connection) -> int | None:
        """What the heartbeat asks: the release that is served, None when the guard is closed."""
        mark = mark_of(connection)
        with self._lock:
            if self.open and mark != self._mark:
                seen = self._see(compare(connection, self.served))
                self._mark = mark
                self.system.release = seen.release
            if not self.open:
                return None
            self.until = time.monotonic() + DEAD_AFTER
            return self.system.release or 0


# A thread does not outlive a fork: the child looks for itself, and has a heartbeat of its own.
_open: weakref.WeakSet[Guard] = weakref.WeakSet()


def _forked() -> None:
    for guard in list(_open):
        guard.open = False


os.register_at_fork(after_in_child=_forked)


def ready(system: System) -> Status:
    """Return the status of a composed system, asked for now: what /readyz says."""
    guard: Guard = system.guard
    return guard.check()


def tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Refuse to serve until the database is at the composition."""
    guard: Guard = registry.system.guard

    def guarded(request: Request) -> Response:
        if (guard.open and time.monotonic() < guard.until) or request.environ[
            "PATH_INFO"
        ] in ALWAYS:
            return handler(request)
        seen = guard.look()
        return handler(request) if seen.ok else refusal(request, seen)

    return guarded


def refusal(request: Request, seen: Status) -> Response:
    """Return the 503 that says what to do."""
    extra: dict[str, Any]
    if seen.word == "not_applied":
        detail = (
            f"The database is not at this composition; it lacks {_names(seen)}. Run: {seen.command}"
        )
        code, extra = seen.word, {"missing": seen.missing, "command": seen.command}
    elif seen.word == "superseded":
        detail = f"The database has gone beyond this process. Start it again with: {_newer(seen)}"
        code, extra = seen.word, {"beyond": seen.beyond, "command": seen.command}
    else:
        # Hosts, files and users are the operator's business: they stand in the log.
        log.error("not serving: %s", seen.problem)
        detail = "The database cannot be used now. The server's log says why."
        code, extra = "database_unavailable", {}
    problem = Problem(503, code, detail, headers={"Retry-After": "5"}, extra=extra)
    return response_of(request, problem)


def _names(seen: Status) -> str:
    return ", ".join(f"{one['addon']} {one['revision']}" for one in seen.missing)


def _newer(seen: Status) -> str:
    return ", ".join(
        f"{one['addon']} {one['version'] or 'of a newer version'}" for one in seen.beyond
    )


def includeme(config: Configurator) -> None:
    """Put the guard before everything that uses the database."""
    config.registry.system.guard = Guard(config.registry.system, config.registry)
    config.add_tween("talatat.evolution.guard.tween_factory", under=INGRESS, over=(EXCVIEW, TM))
