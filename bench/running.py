"""A run: the shop, all peers served, agreement, then rounds in which they take turns.

All peers serve at once and only one is asked at a time; in each round each flow goes to every peer in
turn, so that what the machine does meanwhile falls on all of them. Between rounds the database is cleaned up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench.agree.asking import Asking
from bench.agree.checking import Agreement
from bench.data.cluster import Cluster
from bench.data.known import Shop
from bench.data.shop import PRODUCTS, Failed, copy, prepare
from bench.flows import FLOWS
from bench.measure.statements import a_request, counting
from bench.measure.timing import Span, measure
from bench.serving import Peer, Serving

#: The peer whose answers the others are held to.
FIRST = "talatat"
Say = Callable[[str], None]


@dataclass
class Run:
    """All that runs: `peers` by name, each serving."""

    cluster: Cluster
    shop: Shop
    url: str
    peers: dict[str, Serving]
    say: Say
    samples: dict[str, dict[str, list[dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    statements: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    def agree(self) -> int:
        """Ask every peer the same; how many answers were compared. Raises Failed with what differs."""
        order = sorted(self.peers, key=lambda name: name != FIRST)
        faults, asked = [], 0
        agreement = Agreement(self.shop, ())
        with self.cluster.connect("bench") as connection:
            for name in order:
                serving = self.peers[name]
                agreement.flows = serving.peer.flows
                ask = Asking(serving.ports[0])
                found = agreement.check(ask, connection)
                ask.close()
                faults += [f"{name}: {fault}" for fault in found]
            asked = agreement.asked
        if faults:
            raise Failed("The peers do not agree; nothing was timed.\n" + "\n".join(faults))
        self.say(f"{len(order)} peers agree on {asked:,} answers.")
        return asked

    def count_statements(self, flows: Sequence[str]) -> None:
        """Statements for one request of each flow, peer by peer."""
        counting(self.cluster, on=True)
        with self.cluster.connect("bench") as connection:
            for flow in flows:
                for number, serving in enumerate(self._able(flow)):
                    self.statements[flow][serving.peer.name] = a_request(
                        serving.ports[0], FLOWS[flow], self.shop, connection, number
                    )
        counting(self.cluster, on=False)

    def round(self, flow: str, span: Span, number: int) -> None:
        """Measure one flow on every peer that has it, in an order of this round's own."""
        self.clean()
        turn = list(self._able(flow))
        Random(f"{flow} {number}").shuffle(turn)
        for serving in turn:
            found = measure(serving, FLOWS[flow], span, self.cluster, number)
            self.samples[flow][serving.peer.name].append(found)
            self.say(_line(flow, number, serving.peer, found))

    def clean(self) -> None:
        """Take away what updates left behind, and have the database write what it holds."""
        with self.cluster.connect("bench") as connection:
            connection.execute("VACUUM (ANALYZE) catalog_product, orders_order, orders_order_line")
            connection.execute("VACUUM accounts_token")
            connection.execute("CHECKPOINT")

    def _able(self, flow: str) -> Iterator[Serving]:
        return (one for one in self.peers.values() if flow in one.peer.flows)


@contextmanager
def running(
    peers: Sequence[Peer], folder: Path, say: Say, products: int = PRODUCTS
) -> Iterator[Run]:
    """Start the database and all peers, wait for them, and end them all. Raises Failed."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster())
        counting(cluster, on=False)
        shop = prepare(cluster, products, products * 10, say)
        url = copy(cluster)
        serving = {peer.name: stack.enter_context(Serving(peer, url, folder)) for peer in peers}
        for one in serving.values():
            one.wait()
        say(f"{len(serving)} peers serve: {', '.join(serving)}.")
        yield Run(cluster, shop, url, serving, say)


def _line(flow: str, number: int, peer: Peer, found: dict[str, Any]) -> str:
    errors = f"  ERRORS {found['errors']}" if found["errors"] else ""
    return (
        f"{flow:9} {number:2} {peer.name:26} {found['rate']:9.1f}/s  p50 {found['p50_ms']:7.2f}  "
        f"p99 {found['p99_ms']:8.2f} ms  cpu {found['cpu_us']:7.0f} us  db {found['database_us']:6.0f} us  "
        f"{found['memory'] >> 20:4} MB{errors}"
    )
