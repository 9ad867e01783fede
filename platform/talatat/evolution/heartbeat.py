"""The heartbeat of a process that serves: a thread that renews its row, over a connection of its own.

It is started when the process begins to serve, never by composing. A beat that cannot be written (the
database is down, another process writes to the SQLite file) is left out; the next one comes soon. Each
opens its connection anew and not from the pool of requests: when that is used up, or the server was
started again, the process lives all the same.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from talatat.db.engine import DEFERRED, IMMEDIATE, make_migration_engine
from talatat.evolution.processes import EVERY, Process, remove_dead, say, unsay

log = logging.getLogger(__name__)

# A beat stands in nobody's way: it waits this long for a lock, on SQLite for the turn to write.
PATIENCE = 0.05


class Heartbeat:
    """The row of one composed system. `ask` tells the release that is served, None when none is any more."""

    def __init__(self, url: URL, ask: Callable[[Connection], int | None]) -> None:
        self._engine = make_migration_engine(url, lock_timeout=PATIENCE)
        self._ask = ask
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._process = Process()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def beat(self, release: int | None) -> bool:
        """Write the row now; whether that was possible. A process that was forked has a row of its own."""
        if self._pid != os.getpid():
            self._reset()
        try:
            with self._engine.connect() as connection:
                self._write(connection, release)
        except SQLAlchemyError as error:
            log.debug("no heartbeat was written: %s", error)
            return False
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
        """End the thread soon, and remove the row: this process serves no more. Does not wait for it."""
        self._ending.set()

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread and remove the row."""
        if self._pid != os.getpid():
            return
        self._ending.set()
        thread, self._thread = self._thread, None
        atexit.unregister(self.stop)
        if thread is not None:
            thread.join(timeout)

    def remove(self) -> None:
        """Remove the row, where the database can be reached."""
        try:
            with self._engine.begin() as connection:
                unsay(connection, self._process)
        except SQLAlchemyError as error:
            log.debug("the row of this process is left to others: %s", error)

    def _run(self, ending: threading.Event) -> None:
        try:
            while not ending.wait(EVERY) and self._live():
                pass
        finally:
            if ending is self._ending:  # otherwise this process serves again already
                self.remove()

    def _live(self) -> bool:
        """Ask, and say it; False when this process serves no more."""
        try:
            with self._engine.connect() as connection:
                connection.execution_options(**DEFERRED)
                release = self._ask(connection)
                connection.rollback()
                if release is not None:
                    self._write(connection, release)
                return release is not None
        except SQLAlchemyError as error:
            log.debug("no heartbeat was written: %s", error)
            return True

    def _write(self, connection: Connection, release: int | None) -> None:
        connection.execution_options(talatat_begin=IMMEDIATE)
        with connection.begin():
            say(connection, self._process, release or 0)
            remove_dead(connection)
