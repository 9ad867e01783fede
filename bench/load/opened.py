"""The open loop: requests come when they are due, as from people who do not know of each other.

A request that finds no free connection waits for one, and its latency is counted from the moment when it
was due. A server that stops for a second is so told of everything that came in that second: there is
no coordinated omission. What is not answered when the time is over (and some more) is an error.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from random import Random

from bench.load.closed import Loop
from bench.load.connections import Broken, Connection
from bench.load.counting import Seen

# For how long answers are still waited for after the last request.
PATIENCE = 10.0


def schedule(rate: float, seconds: float, seed: int = 1) -> Iterator[float]:
    """When requests are due, in seconds from the start: a Poisson process of `rate` a second."""
    chance = Random(seed)
    at = chance.expovariate(rate)
    while at < seconds:
        yield at
        at += chance.expovariate(rate)


def run(
    connections: Sequence[Connection], status: int, rate: float, warm: float, seconds: float
) -> Seen:
    """Ask at `rate` a second; what was due in the first `warm` seconds is not counted."""
    loop = Loop(connections, status)
    idle = deque(connections)
    waiting: deque[float] = deque()
    due = schedule(rate, warm + seconds)
    seen = Seen()
    clock = time.perf_counter
    began, cpu = clock(), time.process_time()
    following = next(due, None)
    busy = 0
    give_up = began + warm + seconds + PATIENCE
    while following is not None or waiting or busy:
        now = clock()
        if now > give_up:
            break
        while following is not None and began + following <= now:
            waiting.append(began + following)
            following = next(due, None)
        while waiting and idle:
            connection = idle.popleft()
            connection.due = waiting.popleft()
            connection.counted = connection.due >= began + warm
            busy += _sent(loop, idle, connection, seen)
        pause = 0.05 if following is None else max(0.0, began + following - clock())
        for number, _ in loop.poll.poll(min(pause, 0.05)):
            connection = loop.by_number.get(number)
            if connection is None:  # its socket was replaced in this very round
                continue
            try:
                if connection.receive():
                    _note(seen, connection, clock(), status)
                    seen.every += 1
                    connection.turn()
                    idle.append(connection)
                    busy -= 1
            except (Broken, OSError) as error:
                seen.errors[type(error).__name__] += 1
                loop.again(connection)
                idle.append(connection)
                busy -= 1
    unanswered = busy + len(waiting)
    if unanswered:
        seen.errors["unanswered"] += unanswered
    seen.seconds = seconds
    seen.cpu = time.process_time() - cpu
    loop.close()
    return seen


def _sent(loop: Loop, idle: deque[Connection], connection: Connection, seen: Seen) -> int:
    try:
        connection.send()
    except (Broken, OSError) as error:
        seen.errors[type(error).__name__] += 1
        loop.again(connection)
        idle.append(connection)
        return 0
    return 1


def _note(seen: Seen, connection: Connection, now: float, status: int) -> None:
    if not connection.counted:
        return
    if connection.status == status:
        seen.latencies.append(now - connection.due)
        seen.received += connection.size
    else:
        seen.errors[str(connection.status)] += 1
