"""The parent of granian's workers: starts them, says when they are ready, replaces them, stops them.

Granian's own supervisor, with what a system needs beside it: a drain before the stop, a reload that is
rehearsed first (broken code would take all workers down) and that stops no worker before the next one has
composed, and logs that go where the .ini says.
"""

from __future__ import annotations

import logging
import multiprocessing
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread, Timer
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from talatat.web.server import ANYWHERE, url_of
from talatat.web.worker import METHOD, Loading
from talatat.web.worker_options import STOPPING, Options

log = logging.getLogger(__name__)

#: Changes nothing of the logging that the .ini configured: granian's lines go the way of all others.
LOGGING: dict[str, Any] = {"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}}
#: Seconds for which a worker may compose, and those from then until it listens.
COMPOSING, LISTENING = 300.0, 1.0


class Supervisor(MPServer):
    """One server and its workers; `serve` returns when it was told to stop."""

    def __init__(self, wanted: Options, loading: Loading, drain: Connection) -> None:
        super().__init__(
            "talatat",
            address=wanted.host,
            port=wanted.port,
            interface=Interfaces.WSGI,
            workers=wanted.workers,
            blocking_threads=wanted.threads,
            http=HTTPModes.http1,
            websockets=False,
            backlog=wanted.backlog,
            backpressure=wanted.connections,
            http1_settings=HTTP1Settings(
                header_read_timeout=round(wanted.request_timeout * 1000),
                max_buffer_size=wanted.longest_header,
            ),
            log_level=LogLevels.warning,
            log_dictconfig=LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=STOPPING,
        )
        multiprocessing.set_start_method(METHOD, force=True)
        self._wanted, self._loading, self._drain = wanted, loading, drain

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        """Start the workers, and tell when all of them serve."""
        super().startup(spawn_target, target_loader)
        Thread(target=self._announce, name="talatat-ready", daemon=True).start()

    def _announce(self) -> None:
        for _ in range(self.workers):
            self._loading.told.composed.acquire()
        host = "localhost" if self._wanted.host in ANYWHERE else self._wanted.host
        while not self.interrupt_signal:
            with suppress(OSError), socket.create_connection((host, self._wanted.port), 1):
                break
            time.sleep(0.02)
        print(f"ready {url_of(self._wanted.host, self._wanted.port)}", flush=True)  # noqa: T201  # what a person waits for

    def signal_handler_interrupt(self, *details: Any, **more: Any) -> None:
        """Drain for as long as the section says, then stop; a second signal stops at once."""
        if self._drain.closed or not self._wanted.drain:
            super().signal_handler_interrupt()
            return
        self._drain.close()
        log.info("told to stop: draining for %g s", self._wanted.drain)
        stop = Timer(self._wanted.drain, super().signal_handler_interrupt)
        stop.daemon = True
        stop.start()

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop the workers. Those that a signal to all processes has stopped already are no failure."""
        if self.interrupt_signal:
            self.interrupt_children.clear()
        super().shutdown(exit_code)

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        trial = multiprocessing.get_context(METHOD).Process(target=self._loading.rehearse)
        trial.start()
        trial.join()
        if trial.exitcode:
            log.error(
                "the workers go on as they are: what they would compose now fails (see above)"
            )
            self.reload_signal = False
            self.main_loop_interrupt.clear()
            return
        super()._reload(spawn_target, target_loader)

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        """Put others in the place of workers: each is stopped when the next one has composed."""
        for index in workers:
            self.respawned_wrks[index] = time.monotonic()
            old = self.wrks[index]
            self.wrks[index] = self._spawn_worker(index, spawn_target, target_loader)
            self.wrks[index].start()
            if self._loading.told.composed.acquire(timeout=COMPOSING):
                time.sleep(LISTENING)
            old.terminate()
            old.join(STOPPING)
            if old.is_alive():
                log.warning("worker %d did not stop in %d s: it is killed", index + 1, STOPPING)
                old.kill()
                old.join()
