"""The heartbeat of a process that serves: a thread that renews its row, over a connection of its own.

It is started when the process begins to serve, never by composing. A beat that cannot be written (the
database is down, another process writes to the SQLite file) is left out; the next one comes soon.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from talatat.db.engine import DEFERRED, make_engine
from talatat.evolution.processes import EVERY, Process, remove_dead, say, unsay

log = logging.getLogger(__name__)

# On SQLite a beat does not stand in anybody's way: it waits this long for the turn to write.
PATIENCE = 0.05


class Heartbeat:
    """The row of one composed system. `ask` tells the release that is served, None when none is any more."""

    def __init__(self, url: URL, ask: Callable[[Connection], int | None]) -> None:
        self._url = url
        self._ask = ask
        self.last = float("-inf")
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._process = Process()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._engine: Engine | None = None

    def beat(self, release: int | None) -> bool:
        """Write the row now; whether that was possible. A process that was forked has a row of its own."""
        if self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)  # its connection is the parent's
            self._reset()
        try:
            with self._connections().begin() as connection:
                say(connection, self._process, release or 0)
                remove_dead(connection)
        except SQLAlchemyError as error:
            log.debug("no heartbeat was written: %s", error)
            return False
        self.last = time.monotonic()
        return True

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread is None or not self._thread.is_alive() or self._ending.is_set():
            self._ending = threading.Event()
            arguments = (self._ending,)
            self._thread = threading.Thread(
                target=self._run, args=arguments, name="talatat-heartbeat", daemon=True
            )
            self._thread.start()
            atexit.register(self.stop)

    def end(self) -> None:
        """Remove the row soon: this process serves no more. Does not wait for it."""
        self._ending.set()

    def stop(self, timeout: float = 5.0) -> None:
        """Remove the row and end the thread."""
        if self._pid != os.getpid():
            return
        self._ending.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout)
        atexit.unregister(self.stop)
        self.remove()
        if self._engine is not None:
            self._engine.dispose()

    def remove(self) -> None:
        """Remove the row, where the database can be reached."""
        try:
            with self._connections().begin() as connection:
                unsay(connection, self._process)
        except SQLAlchemyError as error:
            log.debug("the row of this process is left to others: %s", error)
        self.last = float("-inf")

    def _run(self, ending: threading.Event) -> None:
        while not ending.wait(EVERY):
            try:
                with self._connections().execution_options(**DEFERRED).connect() as connection:
                    release = self._ask(connection)
            except SQLAlchemyError as error:
                log.debug("the database cannot be asked: %s", error)
                continue
            if release is None:
                break
            self.beat(release)
        if ending is self._ending:  # otherwise this process serves again already
            self.remove()

    def _connections(self) -> Engine:
        # Not the pool of requests: when that is used up, the process lives all the same. A second
        # connection is for the guard, which may write a beat while the thread waits for the guard.
        if self._engine is None:
            self._engine = make_engine(
                self._url,
                pool_size=1,
                max_overflow=1,
                statement_timeout=EVERY,
                lock_timeout=PATIENCE,
            )
        return self._engine
