"""The tables of the page, in Markdown. What was not measured is said, never left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.report.figures import errors_of, figure, noise, spread_of
from bench.report.goals import GOALS, MISSING
from bench.results import Results

#: Against whom the first ratio of the tables stands.
BASE = "fastapi_async"
TITLES = {
    "search": "Search", "checkout": "Checkout", "hello": "Hello", "get": "Get one", "page": "The first page",
    "deep": "A page at the end of the history", "patch": "Patch with If-Match",
}  # fmt: skip


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of a page."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def goals(results: Results | None) -> str:
    """The goals beside what was measured."""
    rows = []
    for goal in GOALS:
        found = goal.value(results) if results else None
        reached = goal.reached(results) if results else None
        rows.append([
            f"{goal.title}{' (must)' if goal.must else ''}",
            goal.wanted,
            MISSING if found is None else f"**{number(found)}**",
            "" if results is None else goal.between(results),
            {None: "", True: "reached", False: "not reached"}[reached],
        ])  # fmt: skip
    return table(["measure", "goal", "measured", "rounds", ""], rows)


def flow(results: Results, name: str) -> str:
    """All figures of one flow, the quickest peer first."""
    columns: list[tuple[str, Callable[[str], str]]] = [
        ("requests/s", _cell(results, name, "rate")),
        ("times FastAPI async", lambda peer: _ratio(results, name, peer)),
        ("p50 ms", _cell(results, name, "p50_ms")),
        ("p95 ms", _cell(results, name, "p95_ms")),
        ("p99 ms", _cell(results, name, "p99_ms")),
        ("CPU µs", _cell(results, name, "cpu_us")),
        ("PostgreSQL µs", _cell(results, name, "database_us")),
        ("thousand instructions", lambda peer: _thousands(figure(results, name, peer, "instructions"))),
        ("statements", _cell(results, name, "statements")),
        ("bytes", _cell(results, name, "bytes")),
        ("MB a worker", lambda peer: _mebibytes(figure(results, name, peer, "memory"))),
        ("errors", lambda peer: str(errors_of(results.closed.get(name, {}).get(peer, [])))),
        ("spread", lambda peer: percent(spread_of(results.closed.get(name, {}).get(peer, []), "rate"))),
    ]  # fmt: skip
    peers = sorted(results.titles, key=lambda peer: -(figure(results, name, peer, "rate") or 0))
    rows = [
        [results.titles[peer], *(column(peer) for _, column in columns)]
        if figure(results, name, peer, "rate") is not None
        else [results.titles[peer], _why(results, peer, name), *[""] * (len(columns) - 1)]
        for peer in peers
    ]
    return table(["", *(title for title, _ in columns)], rows)


def opened(results: Results, name: str) -> str:
    """The open loop of one flow, the smallest p99 first."""
    peers = sorted(
        results.titles, key=lambda peer: figure(results, name, peer, "open_p99_ms") or float("inf")
    )
    rows = []
    for peer in peers:
        samples = results.opened.get(name, {}).get(peer, [])
        if not samples:
            rows.append([results.titles[peer], _why(results, peer, name), "", "", "", "", ""])
            continue
        rows.append([
            results.titles[peer],
            *(number(figure(results, name, peer, f"open_{one}"))
              for one in ("rate", "p50_ms", "p95_ms", "p99_ms", "max_ms")),
            str(errors_of(samples)),
        ])  # fmt: skip
    return table(["", "answered/s", "p50 ms", "p95 ms", "p99 ms", "longest ms", "errors"], rows)


def grown(results: Results) -> str:
    """Growth: a row for each number of addons, for requests and for the start."""
    parts = []
    for kind, found in results.growth.items():
        head = list(dict.fromkeys(name for row in found for name in row))
        rows = [[_as_counted(row.get(name)) for name in head] for row in found]
        parts.append(table([f"{kind}: {head[0]}", *head[1:]], rows))
    return "\n".join(parts)


def noises(results: Results) -> str:
    """How far the rounds of one peer lie apart, by flow."""
    rows = [
        [TITLES[name], percent(middle), percent(largest)]
        for name, (middle, largest) in noise(results).items()
    ]
    return table(["requests a second, largest less smallest of the rounds", "of the median peer", "of the worst"], rows)  # fmt: skip


def failures(results: Results) -> str:
    """What could not be measured, and why."""
    rows = [
        [results.titles.get(peer, peer), what, _one_line(why)]
        for peer, found in sorted(results.failed.items())
        for what, why in sorted(found.items())
    ]
    return table(["failed", "what", "why"], rows) if rows else ""


def number(value: float | None) -> str:
    """Three digits that count, thousands apart."""
    if value is None:
        return MISSING
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _as_counted(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else number(value)


def percent(share: float | None) -> str:
    """A share; empty where one round cannot tell."""
    return "" if share is None else f"{share * 100:.0f} %"


def _cell(results: Results, name: str, what: str) -> Callable[[str], str]:
    return lambda peer: number(figure(results, name, peer, what))


def _ratio(results: Results, name: str, peer: str) -> str:
    ours, base = (figure(results, name, one, "rate") for one in (peer, BASE))
    return f"{ours / base:.2f}" if ours is not None and base else ""


def _thousands(value: float | None) -> str:
    return "" if value is None else f"{value / 1000:,.0f}"


def _mebibytes(value: float | None) -> str:
    return "" if value is None else f"{value / 2**20:.0f}"


def _why(results: Results, peer: str, name: str) -> str:
    found = results.failed.get(peer, {})
    return "failed, see below" if found.keys() & {"start", "agreement", name} else MISSING


def _one_line(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|")
    return shown if len(shown) < 300 else f"{shown[:300]} ..."
