"""Counting while requests are answered: in memory, and written together by a thread of its own.

A request only adds to a dict. What was gathered is written every ten seconds at most and when the process
ends; where the database cannot be written to, it waits for the next time. A fork begins with nothing: what
was counted before it is its parent's to write.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy.dialects import postgresql, sqlite

from talatat.errors import said_by

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from talatat.system import System

log = logging.getLogger(__name__)

EVERY = 10.0
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Mergeable(Protocol):
    """What is counted under one key. Made without arguments, it counts nothing."""

    def merge(self, other: Any, /) -> None:
        """Add what another of its kind has counted."""


K = TypeVar("K", bound=tuple[Any, ...])
C = TypeVar("C", bound=Mergeable)


class Gathered(ABC, Generic[K, C]):
    """The counts of one composed system that are not written yet.

    A subclass says what a count is (`count`), how one is written (`write`), and under which key one goes when
    `most` keys are there already (`folded`).
    """

    what: ClassVar[str]  # the log says that it is written later
    count: type[C]
    most: ClassVar[int] = 1000

    def __init__(self, system: System) -> None:
        self._system = system
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Begin with nothing: in a process of its own."""
        self._lock = threading.Lock()
        self._counts: dict[K, C] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._late = False

    @abstractmethod
    def write(self, connection: Connection, counts: Mapping[K, C]) -> None:
        """Add the counts to those in the database, in one order for all processes; forget what is old."""

    @abstractmethod
    def folded(self, key: K) -> K:
        """One of few keys, under which what does not find room is counted."""

    def add(self, key: K, count: C) -> None:
        """Count, and see that it will be written. Asks nothing of the database."""
        with self._lock:
            self._cell(key).merge(count)
        if self._thread is None:
            self._start()

    def flush(self) -> bool:
        """Write what was gathered; whether that was possible. What was not written is kept."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return True
        try:
            with self._system.database.engine.begin() as connection:
                self.write(connection, counts)
        except Exception as error:  # noqa: BLE001  # whatever ails the database, nobody waits for this
            self._keep(counts, error)
            return False
        if self._late:
            log.warning("%s are written again", self.what)
        self._late = False
        return True

    def stop(self) -> None:
        """End the thread and write what is left; the process goes."""
        self._ending.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(EVERY)
        atexit.unregister(self.stop)
        self.flush()

    def _cell(self, key: K) -> C:
        """What is counted under a key; the lock is held."""
        found = self._counts.get(key)
        if found is None:
            if len(self._counts) >= self.most:
                key = self.folded(key)
            found = self._counts.setdefault(key, self.count())
        return found

    def _keep(self, counts: Mapping[K, C], error: Exception) -> None:
        if not self._late:  # once: it may take hours
            log.warning("%s are written later: %s", self.what, said_by(error))
        self._late = True
        with self._lock:
            for key, count in counts.items():
                self._cell(key).merge(count)

    def _start(self) -> None:
        """Let a thread write, in a process that serves: no command and no test waits for one."""
        with self._lock:
            if self._thread is not None or not self._system.serving:
                return
            self._thread = threading.Thread(
                target=self._run, args=(self._ending,), name=f"talatat {self.what}", daemon=True
            )
        self._thread.start()
        atexit.register(self.stop)

    def _run(self, ending: threading.Event) -> None:
        while not ending.wait(EVERY):
            self.flush()


def upserting(connection: Connection, table: Table) -> Any:
    """The INSERT of the connection's database that can say what is done where the row is there."""
    return _INSERT[connection.dialect.name](table)


# A fork's threads stay behind, and so does what they counted.
_all: weakref.WeakSet[Gathered[Any, Any]] = weakref.WeakSet()


def _forked() -> None:
    for one in list(_all):
        one.reset()


os.register_at_fork(after_in_child=_forked)
