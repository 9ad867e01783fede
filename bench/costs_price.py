"""What it takes to know what requests cost (`talatat cost`), in microseconds and as a share of a request.

    python -m bench.costs_price [--requests 2000]

Counting is timed by itself, over and over, since the difference of two requests is smaller than the noise of most
machines. It is compared with the processor time of requests: answered in process over WSGI, and answered by a
server (`pserve` with waitress) over a connection that is kept. Of each the quickest turn counts.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.limiter_cost import turn
from pyramid.response import Response

from talatat.db.counting import SQLiteConnection
from talatat.testing import TestSystem, composed
from talatat.testing.servers import free_port
from talatat.web.costs.counting import HOUR, Cost, Costs, ICosts
from talatat.web.logging import RequestFinished

PATHS = ("/livez", "/api/catalog/v1/products")
ROUTES = 100
LOOPS, TURNS = 5000, 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    requests: int = parser.parse_args().requests
    with composed(["catalog"]) as system:
        app = system.app.app
        turn(app, PATHS[1])
        request, statement = price_of_a_request(), price_of_a_statement()
        writing = price_of_writing(system)
        in_process = {path: min(turn(app, path) for _ in range(TURNS)) for path in PATHS}
        statements = statements_of(system, PATHS[1])
        print(f"a request: {request:.2f} us, a statement: {statement:.2f} us more on SQLite")
        print(
            f"writing {ROUTES} routes: {writing / 1000:.1f} ms every 10 s, {writing / 1e7:.3%} of a processor"
        )
        for path, sent in zip(PATHS, (0, statements), strict=True):
            price = request + sent * statement
            served = cpu_as_served(system, path, requests)
            print(
                f"{path}: {price:.2f} us of {in_process[path]:.0f} us in process ({price / in_process[path]:.2%}),"
                f" of {served:.0f} us as served ({price / served:.2%})"
            )


def quickest(function: Callable[[], Any]) -> float:
    """Microseconds of processor time of a call."""
    found = []
    for _ in range(TURNS):
        started = time.thread_time()
        for _ in range(LOOPS):
            function()
        found.append((time.thread_time() - started) / LOOPS * 1e6)
    return min(found)


def price_of_a_request() -> float:
    """What the tween does for it, less what it does where nobody counts."""
    costs = Costs(SimpleNamespace(serving=False))  # type: ignore[arg-type]  # it asks for no more
    asked = SimpleNamespace(environ={"REQUEST_METHOD": "GET"})
    finished = RequestFinished(asked, Response(), None, 0.001, "route", "addon", retried=False)
    both = quickest(lambda: costs.note(finished, costs.begin()))
    return both - quickest(lambda: None)


def price_of_a_statement() -> float:
    """What the driver's cursor does more for it."""
    counting = sqlite3.connect(":memory:", factory=SQLiteConnection)
    plain = sqlite3.connect(":memory:")
    found = [
        quickest(lambda one=one: one.cursor().execute("SELECT 1"))  # type: ignore[misc]
        for one in (counting, plain)
    ]
    counting.close()
    plain.close()
    return found[0] - found[1]


def price_of_writing(system: TestSystem) -> float:
    """Microseconds of processor time for writing what was counted of so many routes."""
    costs = system.registry.getUtility(ICosts)
    hour, found = int(time.time()) // HOUR, []
    for _ in range(TURNS):
        for number in range(ROUTES):
            costs.add((hour, "addon", f"route{number}", "GET"), Cost(requests=1))
        started = time.thread_time()
        assert costs.flush()
        found.append((time.thread_time() - started) * 1e6)
    return min(found)


def statements_of(system: TestSystem, path: str) -> int:
    """How many a request to a path takes, as was counted."""
    costs = system.registry.getUtility(ICosts)
    costs.reset()
    system.app.get(path)
    (cost,) = costs._counts.values()
    return int(cost.statements)


def cpu_as_served(system: TestSystem, path: str, requests: int) -> float:
    """Microseconds of a server's processor time for a request: of many requests, less that of few."""
    ini = Path(system.ini)
    port = free_port()
    server = f"\n[server:main]\nuse = egg:talatat#waitress\nlisten = 127.0.0.1:{port}\n"
    served = ini.with_name("served.ini")
    served.write_text(ini.read_text() + server)
    few, many = (_cpu(str(served), port, path, number) for number in (requests // 10, requests))
    return (many - few) / (requests - requests // 10) * 1e6


def _cpu(ini: str, port: int, path: str, requests: int) -> float:
    command = [Path(sys.executable).with_name("pserve"), ini]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("ready"):
        assert process.poll() is None, "the server ended"
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(requests):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    connection.close()
    process.send_signal(signal.SIGTERM)
    _, _, used = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = 0
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
