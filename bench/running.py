"""A run: the shop, all peers served, agreement, then rounds in which they take turns.

All peers serve at once and only one is asked at a time; in each round each flow goes to every peer in
turn, so that what the machine does meanwhile falls on all of them. Between rounds the database is cleaned up.
A peer that does not start, does not agree or breaks while it is measured is told and left out; the others
go on. What is measured is kept after each measurement.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from bench.agree.asking import Asking
from bench.agree.canonical import canonical
from bench.agree.checking import Agreement
from bench.data.cluster import Cluster
from bench.data.known import Shop
from bench.data.shop import Failed, copy
from bench.flows import FLOWS, deep
from bench.measure.depth import cursor_there
from bench.measure.statements import a_request, counting
from bench.measure.timing import Span, measure
from bench.plan import LOAD, SATURATED, Plan
from bench.report.figures import median_of
from bench.results import Results
from bench.serving import Peer, Serving

#: The peer whose answers the others are held to.
FIRST = "talatat"
#: What asking a peer may raise: it broke, and the run goes on without it.
BROKEN = (Failed, OSError, http.client.HTTPException, ValueError, KeyError, RuntimeError)
Say = Callable[[str], None]
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = 'bench' AND state = 'active' AND pid <> pg_backend_pid()
"""
#: Tenths of a second.
SETTLING = 300


@dataclass
class Run:
    """All that runs: `peers` by name, each serving."""

    cluster: Cluster
    shop: Shop
    plan: Plan
    results: Results
    peers: dict[str, Serving]
    say: Say
    keep: Callable[[], None]
    cursors: dict[str, str] = field(default_factory=dict)

    def agree(self) -> None:
        """Ask every peer the same. One that answers unlike the first one is not measured."""
        agreement = Agreement(self.shop, ())
        with self.cluster.connect("bench") as connection:
            for name in sorted(self.peers, key=lambda name: name != FIRST):
                self._agree(name, agreement, connection)
        self.results.agreed = agreement.asked
        good = [name for name in self.peers if not self.results.out(name)]
        self.say(
            f"{len(good)} of {len(self.peers)} peers agree; {agreement.asked:,} answers were compared."
        )

    def _agree(self, name: str, agreement: Agreement, connection: Any) -> None:
        serving = self.peers[name]
        agreement.flows = serving.peer.flows
        ask = Asking(serving.ports[0])
        try:
            faults = agreement.check(ask, connection)
            if "deep" in serving.peer.flows:
                self.cursors[name] = cursor_there(ask, self.shop, connection, serving.peer.cursor)
                request = next(deep(self.shop, 0, self.cursors[name]))
                agreement.hold("the page at the whole depth", canonical(ask(request)))
        except (*BROKEN, psycopg.Error) as error:
            faults = [f"{type(error).__name__}: {error}"]
        finally:
            ask.close()
        if faults:
            self._fail(name, "agreement", "\n".join(faults))

    def count_statements(self) -> None:
        """Statements for one request of each flow, peer by peer."""
        counting(self.cluster, on=True)
        with self.cluster.connect("bench") as connection:
            for flow in self.plan.flows:
                found = self.results.statements.setdefault(flow, {})
                for number, serving in enumerate(self._able(flow)):
                    name = serving.peer.name
                    try:
                        found[name] = a_request(
                            serving.ports[0],
                            FLOWS[flow],
                            self.shop,
                            connection,
                            number,
                            self.more(flow, name),
                        )
                    except BROKEN as error:
                        self._fail(name, flow, error)
        counting(self.cluster, on=False)
        self.keep()

    def rounds(self) -> None:
        """The closed loop: the rounds of each flow, interleaved."""
        for number in range(max(map(self.plan.rounds_of, self.plan.flows))):
            for flow in self.plan.flows:
                if number < self.plan.rounds_of(flow):
                    self._round("closed", flow, self.plan.span_of(flow), number)

    def open_rounds(self) -> None:
        """The open loop, at a share of what one peer can do in the closed one."""
        for number in range(self.plan.open_rounds):
            for flow in self.plan.opened:
                rate = self._rate(flow)
                if rate is None:
                    self.say(
                        f"{flow}: {SATURATED} was not measured, so there is no rate for the open loop"
                    )
                    continue
                span = self.plan.open_span
                self._round("opened", flow, Span(span.warm, span.seconds, 64, rate), number)

    def _rate(self, flow: str) -> float | None:
        """The rate of the open loop, the same for all rounds."""
        if flow not in self.results.rates:
            found = median_of(self.results.samples("closed", flow, SATURATED), "rate")
            if not found:
                return None
            self.results.rates[flow] = round(found * LOAD, 1)
        return self.results.rates[flow]

    def _round(self, kind: str, flow: str, span: Span, number: int) -> None:
        """Measure one flow on every peer that has it, in an order of this round's own."""
        turn = [
            one for one in self._able(flow)
            if not self.results.has(kind, flow, one.peer.name, number)
        ]  # fmt: skip
        if turn:
            self.clean()
        Random(f"{kind} {flow} {number}").shuffle(turn)
        for serving in turn:
            name = serving.peer.name
            self.settle()
            try:
                found = measure(
                    serving, FLOWS[flow], span, self.cluster, number, **self.more(flow, name)
                )
            except BROKEN as error:
                self._fail(name, flow, error)
                continue
            self.results.samples(kind, flow, name).append({"round": number, **found})
            self.say(_line(kind, flow, number, serving.peer, found))
            self.keep()

    def more(self, flow: str, peer: str) -> dict[str, Any]:
        """What a flow's client is given beside the shop."""
        return {"after": self.cursors[peer]} if flow == "deep" else {}

    def clean(self) -> None:
        """Take away what updates left behind, and have the database write what it holds."""
        with self.cluster.connect("bench") as connection:
            connection.execute("VACUUM (ANALYZE) catalog_product, orders_order, orders_order_line")
            connection.execute("VACUUM accounts_token")
            connection.execute("CHECKPOINT")

    def settle(self) -> None:
        """Wait until the database has done what the peer before left in it when the generator hung up."""
        with self.cluster.connect("bench") as connection:
            for _ in range(SETTLING):
                if connection.execute(BUSY).fetchone() == (0,):
                    return
                time.sleep(0.1)
        self.say(
            "The database is still busy with what was asked before; the next figures may suffer."
        )

    def _able(self, flow: str) -> Iterator[Serving]:
        for name, one in self.peers.items():
            if flow in one.peer.flows and not self.results.out(name, flow):
                yield one

    def _fail(self, peer: str, what: str, why: object) -> None:
        self.results.fail(peer, what, why)
        self.say(f"FAILED: {peer}, {what}: {why}")
        self.keep()


@contextmanager
def running(
    cluster: Cluster, shop: Shop, peers: Sequence[Peer], plan: Plan, results: Results, folder: Path, say: Say,
    keep: Callable[[], None],
) -> Iterator[Run]:  # fmt: skip
    """Start all peers on a copy of the shop, wait for them, and end them all."""
    folder.mkdir(parents=True, exist_ok=True)
    counting(cluster, on=False)
    url = copy(cluster)
    with ExitStack() as stack:
        serving: dict[str, Serving] = {}
        for peer in peers:
            try:
                serving[peer.name] = stack.enter_context(Serving(peer, url, folder))
            except OSError as error:
                results.fail(peer.name, "start", error)
        for name, one in list(serving.items()):
            try:
                one.wait()
            except Failed as error:
                results.fail(name, "start", error)
                say(f"FAILED: {error}")
                del serving[name]
        say(f"{len(serving)} peers serve: {', '.join(serving)}.")
        yield Run(cluster, shop, plan, results, serving, say, keep)


def _line(kind: str, flow: str, number: int, peer: Peer, found: dict[str, Any]) -> str:
    if not found["requests"]:
        return f"{kind:6} {flow:9} {number:2} {peer.name:17} no right answer in time: {found['errors']}"
    errors = f"  ERRORS {found['errors']}" if found["errors"] else ""
    return (
        f"{kind:6} {flow:9} {number:2} {peer.name:17} {found['rate']:9.1f}/s  p50 {found['p50_ms']:7.2f}  "
        f"p99 {found['p99_ms']:8.2f} ms  cpu {found['cpu_us']:7.0f} us  db {found['database_us']:6.0f} us  "
        f"{found['memory'] >> 20:4} MB{errors}"
    )
