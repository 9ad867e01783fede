"""Who works on a request, and when nobody does: the lanes of the embedded server.

waitress puts every complete request into one queue without an end. Under more load than the threads can
carry it grows until clients give up, and the threads work on answers that nobody waits for. Here a request
that would be one too many (`talatat.max_waiting`) is answered 503 at once, and one that has waited too long
(`talatat.max_wait`) when its turn comes. None of them has been begun, so each may be sent again.

Probes do not wait in that queue: /livez, and whatever is only to be refused, has a thread of its own, and
so has /readyz, which may have to ask the database.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from waitress.task import ThreadedTaskDispatcher

from talatat.limiting import Load
from talatat.web.wire import Overloaded

if TYPE_CHECKING:
    from talatat.web.wire import Channel

LIVENESS, READINESS = "/livez", "/readyz"
# Probes that ask the database may wait for one another; this many do.
MOST_PROBES = 20
# Threads of the application, where [server:main] does not say.
THREADS = 4


class Lane(ThreadedTaskDispatcher):
    """waitress' own, which would log a line for each request that has to wait."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.set_thread_count(threads)

    def add_task(self, task: Channel) -> None:
        """Let the next thread that is free serve a channel."""
        self.add_up_to(task, 0)

    def add_up_to(self, task: Channel, most: int) -> bool:
        """The same, unless `most` wait already; 0 is any number."""
        with self.lock:
            idle = len(self.threads) - self.stop_count - self.active_count
            if most and len(self.queue) - idle >= most:
                return False
            task.queued = time.monotonic()
            self.queue.append(task)
            self.queue_cv.notify()
            return True


class Dispatcher(Lane):
    """The application's threads, and two lanes beside them."""

    def __init__(self, load: Load, threads: int, most_waiting: int, longest_wait: float) -> None:
        super().__init__(threads)
        self._load = load
        self._most_waiting = most_waiting
        self._longest_wait = longest_wait
        self._quick, self._ready = Lane(1), Lane(1)

    def add_task(self, task: Channel) -> None:
        """Let a thread serve the first request of a channel, or send it away."""
        path, error = task.first
        if error or path == LIVENESS:  # to answer this costs next to nothing
            self._quick.add_task(task)
            return
        if path == READINESS:
            taken = self._ready.add_up_to(task, MOST_PROBES)
        else:
            taken = self.add_up_to(task, self._most_waiting)
        if not taken:
            self.send_away(task, "no thread is free")
            self._quick.add_task(task)

    def has_waited_too_long(self, task: Channel) -> bool:
        """Whether the first request of a channel, whose turn has come, is better sent away."""
        waited = time.monotonic() - task.queued
        return bool(self._longest_wait) and waited > self._longest_wait

    def send_away(self, task: Channel, why: str) -> None:
        """Let the first request of a channel be answered 503."""
        task.refuse_first(Overloaded("The server has more to do than it can"))
        self._load.note(why)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads; those that work are given `timeout` seconds."""
        done = bool(super().shutdown(cancel_pending, timeout))
        for lane in (self._quick, self._ready):
            lane.shutdown(cancel_pending, 1)
        return done
