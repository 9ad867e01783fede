"""The closed loop: each connection asks again as soon as it is answered. It finds how much a server can do."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence

from bench.load.connections import Broken, Connection
from bench.load.counting import Seen


class Loop:
    """Connections in one epoll; a connection that ends is counted and opened again."""

    def __init__(self, connections: Sequence[Connection], status: int) -> None:
        self.status = status
        self.poll = select.epoll()
        self.by_number: dict[int, Connection] = {}
        for one in connections:
            self._register(one)

    def _register(self, connection: Connection) -> None:
        self.by_number[connection.sock.fileno()] = connection
        self.poll.register(connection.sock.fileno(), select.EPOLLIN)

    def again(self, connection: Connection) -> None:
        """Open a connection that ended anew."""
        number = connection.sock.fileno()
        self.by_number.pop(number, None)
        if number >= 0:
            self.poll.unregister(number)
        connection.reconnect()
        self._register(connection)

    def close(self) -> None:
        """Close all."""
        for connection in self.by_number.values():
            connection.sock.close()
        self.poll.close()


def run(connections: Sequence[Connection], status: int, warm: float, seconds: float) -> Seen:
    """Ask for `warm` seconds without counting, then for `seconds`.

    An answer counts that came in the counted time, with its whole latency.
    """
    loop = Loop(connections, status)
    seen = Seen()
    clock = time.perf_counter
    start = clock() + warm
    end = start + seconds
    cpu_at_start = None
    for connection in connections:
        connection.due = clock()
        connection.send()
    now = clock()
    while now < end:
        for number, _ in loop.poll.poll(0.1):
            connection = loop.by_number.get(number)
            if connection is None:  # its socket was replaced in this very round
                continue
            counts = start <= now < end
            try:
                if not connection.receive():
                    continue
                _note(seen, connection, clock() - connection.due, counts, status)
                seen.every += 1
                connection.turn()
                connection.due = clock()
                connection.send()
            except (Broken, OSError) as error:
                if counts:
                    seen.errors[type(error).__name__] += 1
                loop.again(connection)
                connection.due = clock()
                connection.send()
        now = clock()
        if cpu_at_start is None and now >= start:
            cpu_at_start = time.process_time()
    seen.seconds = seconds
    seen.cpu = time.process_time() - (cpu_at_start or 0.0)
    loop.close()
    return seen


def _note(seen: Seen, connection: Connection, took: float, counts: bool, status: int) -> None:
    if not counts:
        return
    if connection.status == status:
        seen.latencies.append(took)
        seen.received += connection.size
    else:
        seen.errors[str(connection.status)] += 1
