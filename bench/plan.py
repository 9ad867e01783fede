"""What a run measures, and for how long: the short one of `make bench`, the long one of `make bench FULL=1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.measure.timing import Span

#: The two flows that the goals are about; the others are measured more shortly.
MAIN = ("search", "checkout")
OTHERS = ("hello", "get", "page", "deep", "patch")
#: Whose saturation the open loop is held to, and how much of it is asked.
SATURATED, LOAD = "fastapi_async", 0.7
#: Peers whose instructions a short run counts: those that goals name. Under valgrind each takes a minute.
COUNTED = ("talatat", "limit", "fastapi_async", "fastapi_tuned")
#: Of what a long run has more and more.
GROWTH = {
    "addons": (3, 30, 100, 500),
    "rows": (10, 1_000, 100_000, 10_000_000),
    "extensions": (0, 1, 2, 4, 8),
}


@dataclass(frozen=True)
class Plan:
    """Names of peers and flows, spans in seconds, numbers of interleaved rounds."""

    name: str
    peers: Sequence[str]
    flows: Sequence[str]
    rounds: int
    span: Span
    other_rounds: int
    other_span: Span
    open_rounds: int
    open_span: Span
    counted: Sequence[str] = field(default=COUNTED)
    products: int = 100_000
    growth: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def rounds_of(self, flow: str) -> int:
        """In how many rounds a flow is measured."""
        return self.rounds if flow in MAIN else self.other_rounds

    def span_of(self, flow: str) -> Span:
        """For how long."""
        return self.span if flow in MAIN else self.other_span

    @property
    def opened(self) -> list[str]:
        """The flows that are measured in the open loop too."""
        return [flow for flow in self.flows if flow in MAIN] if SATURATED in self.peers else []

    def told(self) -> dict[str, Any]:
        """What the results were measured with; other results are of another run."""
        return {
            "name": self.name,
            "peers": list(self.peers),
            "flows": list(self.flows),
            "closed": [self.rounds, self.span.warm, self.span.seconds, self.span.connections],
            "others": [self.other_rounds, self.other_span.warm, self.other_span.seconds],
            "open": [self.open_rounds, self.open_span.warm, self.open_span.seconds],
            "products": self.products,
        }


def short(peers: Sequence[str]) -> Plan:
    """About twelve minutes, once the shop has been made."""
    return Plan(
        name="short", peers=peers, flows=(*MAIN, *OTHERS), rounds=3, span=Span(0.7, 3.0),
        other_rounds=2, other_span=Span(0.3, 1.2), open_rounds=1, open_span=Span(1.0, 5.0),
    )  # fmt: skip


def full(peers: Sequence[str]) -> Plan:
    """About an hour and a half."""
    return Plan(
        name="full", peers=peers, flows=(*MAIN, *OTHERS), rounds=7, span=Span(2.0, 10.0),
        other_rounds=5, other_span=Span(1.0, 4.0), open_rounds=3, open_span=Span(2.0, 15.0),
        counted=tuple(one for one in peers if not one.endswith("_waitress")), growth=GROWTH,
    )  # fmt: skip
