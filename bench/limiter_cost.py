"""What the limiter costs a request, in microseconds: the same requests with limits on and off.

    python bench/limiter_cost.py [--requests 3000] [--redis]

Requests go to the composed application over WSGI, in short turns with and without. Of each the quickest turn
counts, in processor time of the thread; how long Redis takes to answer comes on top. `--redis` starts a throw-away Redis.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from typing import Any

from talatat.testing import composed
from talatat.testing.redis import Redis

TURN = 20
GENEROUS = {f"talatat.limits.{name}": "1000000000/minute" for name in ("address", "anonymous")}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--redis", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as stack:
        on = {"talatat.limits": "on", **GENEROUS}
        if asked.redis:
            on["talatat.limits.storage"] = stack.enter_context(Redis()).url
        counted = stack.enter_context(composed(["catalog"], on)).app.app
        free = stack.enter_context(composed(["catalog"], {"talatat.limits": "off"})).app.app
        turns: dict[str, list[float]] = {"on": [], "off": []}
        for _ in range(max(2, asked.requests // TURN)):
            turns["on"].append(turn(counted))
            turns["off"].append(turn(free))
    first, second = min(turns["on"]), min(turns["off"])
    print(f"limits on {first:.0f} us, off {second:.0f} us: {first - second:.0f} us a request")


def turn(app: Any, path: str = "/api/catalog/v1/products") -> float:
    """Microseconds of processor time for a request, over one turn."""
    started = time.thread_time()
    for _ in range(TURN):
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "",
            "QUERY_STRING": "limit=1", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": None,
            "REMOTE_ADDR": "192.0.2.1",
        }  # fmt: skip
        for _ in app(environ, nothing):
            pass
    return (time.thread_time() - started) / TURN * 1e6


def nothing(*begun: Any) -> None:
    """A server that takes no note of what is answered."""


if __name__ == "__main__":
    main()
