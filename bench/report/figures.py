"""Figures of samples: the median of the rounds, and how far the rounds lie apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from bench.results import Results

#: Where a figure of a peer comes from: samples of the closed or the open loop, or one count.
COUNTS = ("statements", "instructions")


def median_of(samples: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """The median of one figure over the rounds; None where there is none."""
    values = [one[name] for one in samples if _is_number(one.get(name))]
    return median(values) if values else None


def spread_of(samples: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """How far the rounds lie apart: largest less smallest, through the median. None of fewer than two."""
    values = [one[name] for one in samples if _is_number(one.get(name))]
    if len(values) < 2 or not median(values):
        return None
    return (max(values) - min(values)) / median(values)


def errors_of(samples: Iterable[Mapping[str, Any]]) -> int:
    """How many requests of all rounds were answered wrongly or not at all."""
    return sum(sum(one.get("errors", {}).values()) for one in samples)


def figure(results: Results, flow: str, peer: str, name: str) -> float | None:
    """One figure of a peer's flow. None where it was not measured, or the flow had errors throughout.

    `growth` is `growth_of`, `open_...` is of the open loop, `statements` and `instructions` are counts, the others of the closed loop.
    """
    if name == "growth":
        return growth_of(results, flow)
    if name in COUNTS:
        found = getattr(results, name).get(flow, {}).get(peer)
        return None if found is None else float(found)
    kind = "opened" if name.startswith("open_") else "closed"
    samples = getattr(results, kind).get(flow, {}).get(peer, [])
    return median_of(samples, name.removeprefix("open_"))


def growth_of(results: Results, what: str) -> float | None:
    """What most addons cost: calls of a request, or its time, through those with the fewest; else of the start."""
    requests, starts = results.growth.get("request"), results.growth.get("start")
    for times in results.growth.get("latency", [])[-1:]:
        if what in times:
            return float(times[what])
    if requests and what in requests[0]:
        return float(requests[-1][what] / requests[0][what])
    if starts and what in starts[-1]:
        return float(starts[-1][what])
    return None


def noise(results: Results) -> dict[str, tuple[float, float]]:
    """By flow: the median and the largest of the peers' spreads of requests a second."""
    found = {}
    for flow, peers in results.closed.items():
        spreads = [
            one
            for one in (spread_of(samples, "rate") for samples in peers.values())
            if one is not None
        ]
        if spreads:
            found[flow] = (median(spreads), max(spreads))
    return found


def ratios(results: Results, flow: str, name: str, over: str, under: str) -> list[float]:
    """The ratio of two peers in each round that both have."""
    first = {one["round"]: one.get(name) for one in results.closed.get(flow, {}).get(over, [])}
    second = {one["round"]: one.get(name) for one in results.closed.get(flow, {}).get(under, [])}
    return [
        first[number] / second[number]
        for number in sorted(first.keys() & second.keys())
        if _is_number(first[number]) and _is_number(second[number]) and second[number]
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not math.isnan(value)
