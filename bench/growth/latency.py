"""How long a request takes in a shop with many generated addons beside it, against a shop with few.

    python -m bench.growth latency --addons 3 500

Each shop is composed in a process of its own, on a database of its own in one PostgreSQL. All of them are up at once
and are asked in turn, round after round, so that what the machine does meanwhile meets all alike. A figure is the
median of the rounds' medians, in microseconds; the ratio is the median of the ratios of each round.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.flows import Request, search_path
from bench.growth.apart import ROOT
from bench.growth.writing import write_addons
from bench.inprocess import WSGICaller

from talatat.testing import TestSystem, composed
from talatat.testing.servers import PostgreSQL
from talatat_catalog.models import Product

ROUNDS, REQUESTS, WARM = 25, 80, 60
SHOP = ("catalog", "orders")
PRODUCTS = 2000
FLOWS = ("search", "checkout")

Ask = Callable[[], float]


def latencies(counts: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each number of addons: microseconds of both flows, and how many times those with the fewest."""
    with PostgreSQL() as server, ExitStack() as stack:
        shops = [stack.enter_context(_shop(server.create_database(), count)) for count in counts]
        taken: dict[str, list[list[float]]] = {flow: [] for flow in FLOWS}
        for number in range(ROUNDS):
            order = list(range(len(shops)))
            # Who comes first in a round is another one each time.
            order = order[number % len(order) :] + order[: number % len(order)]
            for flow in FLOWS:
                found = {at: shops[at](flow) for at in order}
                taken[flow].append([found[at] for at in range(len(shops))])
    return [_row(count, at, taken) for at, count in enumerate(counts)]


def _row(count: int, at: int, taken: dict[str, list[list[float]]]) -> dict[str, Any]:
    row: dict[str, Any] = {"addons": count}
    for flow, rounds in taken.items():
        row[f"{flow}_us"] = round(median(one[at] for one in rounds), 1)
        row[f"{flow}_times"] = round(median(one[at] / one[0] for one in rounds), 4)
    return row


@contextmanager
def _shop(url: str, count: int) -> Iterator[Callable[[str], float]]:
    """A running shop: called with a flow it tells the median time of some requests."""
    with tempfile.TemporaryDirectory(prefix="talatat-growth-") as name:
        folder = Path(name)
        names = write_addons(folder, count)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([name, str(ROOT)])}
        command = [sys.executable, "-m", "bench.growth.latency", url, *names]
        with subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            asked, told = process.stdin, process.stdout
            assert asked is not None
            assert told is not None
            _line(told)  # it is up

            def ask(flow: str) -> float:
                print(flow, file=asked, flush=True)
                return float(_line(told))

            try:
                yield ask
            finally:
                asked.close()


def _line(told: Any) -> Any:
    """The next answer; what the application prints is none."""
    for line in told:
        if line.startswith("latency "):
            return json.loads(line.removeprefix("latency "))
    raise SystemExit("a shop with generated addons has ended")


def serve(url: str, names: Sequence[str]) -> None:
    """Be such a shop: for each flow that is asked for on the standard input tell its time."""
    with composed([*names, *SHOP], url=url) as system:
        flows = _flows(system)
        for ask in flows.values():
            for _ in range(WARM):
                ask()
        _tell(0)
        for line in sys.stdin:
            ask = flows[line.strip()]
            _tell(median(ask() for _ in range(REQUESTS)))


def _tell(value: float) -> None:
    print(f"latency {json.dumps(value)}", flush=True)


def _flows(system: TestSystem) -> dict[str, Ask]:
    system.sign_in("clerk", "*")
    made = system.app.post_json("/api/orders/v1/customers", {"name": "Ann"}, status=201)
    lines = [{"product_id": one, "quantity": 1} for one in _products(system)[:3]]
    basket = json.dumps({"customer_id": made.json["id"], "lines": lines}).encode()
    call = WSGICaller(system.app.app)

    def timed(request: Request, status: int) -> Ask:
        def ask() -> float:
            began = time.perf_counter_ns()
            answer = call(request)
            took = time.perf_counter_ns() - began
            assert answer.status == status, answer
            return took / 1000

        return ask

    return {
        "search": timed(Request("GET", search_path("Lamp 1", "Lamps")), 200),
        "checkout": timed(Request("POST", "/api/orders/v1/orders:checkout", (), basket), 201),
    }


def _products(system: TestSystem) -> list[str]:
    """The ids of new products, some of which a search finds."""
    made = [
        Product(
            sku=f"P{number}",
            title=f"Lamp {number}",
            supplier="Lamps",
            price_minor=100,
            currency="EUR",
            stock=10**6,
        )
        for number in range(PRODUCTS)
    ]
    with system.session() as session:
        session.add_all(made)
        session.flush()
        return [one.id for one in made]


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
