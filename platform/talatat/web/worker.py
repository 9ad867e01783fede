"""A worker process of the granian runner: composes the .ini, and what goes on beside its requests.

It tells its parent that it has composed, says `draining` at /readyz when the parent was told to stop, and
ends where the parent was killed. `Loading` is what is sent to it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, Final

import plaster
from waitress.proxy_headers import proxy_headers_middleware

from talatat.errors import TalatatError
from talatat.web.server import introduce, system_of
from talatat.web.worker_options import STOPPING

log = logging.getLogger(__name__)

#: A new interpreter: nothing of the parent's connections and threads is in it.
METHOD: Final = "spawn"


@dataclass(frozen=True)
class Told:
    """What parent and workers tell each other: each worker releases `composed`; `draining` ends when they drain.

    `draining` is the reading end of a pipe to which nobody writes: it ends when the parent closes the other
    one, or has died. (A multiprocessing.Event would wait for workers that were killed while they waited.)
    """

    composed: Any
    draining: Connection


def telling() -> tuple[Told, Connection]:
    """What is given to the workers, and the end that the parent closes when they are to drain."""
    context = multiprocessing.get_context(METHOD)
    reading, writing = context.Pipe(duplex=False)
    return Told(context.Semaphore(0), reading), writing


@dataclass(frozen=True)
class Loading:
    """Composes the application of an .ini. It is sent to other processes: it holds what can be pickled."""

    uri: str
    section: str
    variables: Mapping[str, str]
    proxy: Mapping[str, Any]
    told: Told

    def __call__(self) -> Any:
        """Compose in a worker; the application, behind what believes a trusted proxy."""
        application = self.compose()
        accompany(application, self.told)
        if self.proxy["trusted_proxy"] or self.proxy["clear_untrusted"]:
            application = proxy_headers_middleware(application, **self.proxy)
        return application

    def compose(self) -> Any:
        """The application alone, as pserve makes it."""
        loader = plaster.get_loader(self.uri, protocols=["wsgi"])
        loader.setup_logging(dict(self.variables))
        return loader.get_wsgi_app(self.section, dict(self.variables))

    def rehearse(self) -> None:
        """Compose and let go again, in a process of its own: SystemExit(1), and the reason in the log."""
        try:
            let_go(self.compose())
        except TalatatError as error:
            log.error("%s", error)  # noqa: TRY400  # it is worded
            raise SystemExit(1) from None


def let_go(application: Any) -> None:
    """Close what an application has opened that was composed only to see whether it composes."""
    system = system_of(application)
    if system is not None:
        system.outbox.stop()
        system.database.dispose()


def accompany(application: Any, told: Told) -> None:
    """Begin what goes on in a worker beside its requests, and tell that it has composed."""
    for work, given in ((introduce, (application,)), (_attend, (application, told))):
        Thread(target=work, args=given, name="talatat-worker", daemon=True).start()
    told.composed.release()


def _attend(application: Any, told: Told) -> None:
    """Let /readyz say `draining` when the parent says so, and stop where the parent has died.

    Nobody would watch over a worker without a parent, or stop it.
    """
    told.draining.poll(None)
    system = system_of(application)
    if system is not None:
        system.draining = True
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOPPING)
    os._exit(1)
