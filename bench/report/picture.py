"""Two rows of bars for each of the two flows: requests a second, and microseconds of CPU a request."""

from __future__ import annotations

from html import escape

from bench.report.figures import figure
from bench.report.goals import OURS
from bench.results import Results

WIDTH, LEFT, BAR, GAP = 460, 240, 16, 6
PANELS = (
    ("search", "rate", "search, requests a second (more is better)"),
    ("search", "cpu_us", "search, microseconds of CPU a request (less is better)"),
    ("checkout", "rate", "checkout, requests a second (more is better)"),
    ("checkout", "cpu_us", "checkout, microseconds of CPU a request (less is better)"),
)
COLOURS = {True: "#b8860b", False: "#7f8c9b"}


def draw(results: Results) -> str:
    """The picture as SVG; peers that were not measured have no bar."""
    height = 40 + len(results.titles) * (BAR + GAP)
    width = LEFT + WIDTH + 90
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height * len(PANELS)}" '
            'font-family="sans-serif" font-size="12">'
        ),
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (flow, name, title) in enumerate(PANELS):
        parts += _panel(results, flow, name, title, number * height)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(results: Results, flow: str, name: str, title: str, top: int) -> list[str]:
    values = {peer: figure(results, flow, peer, name) for peer in results.titles}
    most = max((value for value in values.values() if value), default=1.0)
    parts = [f'<text x="8" y="{top + 22}" font-weight="bold">{escape(title)}</text>']
    known = [(peer, value) for peer, value in values.items() if value is not None]
    for row, (peer, value) in enumerate(sorted(known, key=lambda pair: -pair[1])):
        y = top + 34 + row * (BAR + GAP)
        long = round(value / most * WIDTH, 1)
        colour = COLOURS[peer == OURS]
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(results.titles[peer])}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{long}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LEFT + long + 6}" y="{y + 12}">{value:,.0f}</text>',
        ]
    return parts
