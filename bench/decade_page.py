"""The page docs/decade.md and its picture: four small charts over the releases, as one SVG."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 420, 200
LEFT, TOP, RIGHT, BOTTOM = 56, 34, 14, 30
COLOURS = ("#0b6e99", "#b3541e", "#4a7a3a")
DASHES = ("", "6 3", "2 3")

PAGE = """# Ten years in an hour

One system goes through {releases} releases of {addons} addons, {seconds:.0f} minutes of work. Each addon has
a series of releases that a program made: new columns and tables, renames, splits, type changes, foreign
keys across addons, backfills, indexes, rebuilds, dropped columns and tables, and half way its older
migrations squashed. Each release of the system upgrades some of them, adds one, lets one sleep or brings one
back; sleeping ones are archived and restored, and one release is taken back and applied again. Rows are
written all the while, also while a plan is applied.

    {command}

![Rows, schema, plan and apply times over the releases](decade.svg)

Measured on {machine}, {at}, with {database}.
Figures depend on the machine: read them as ratios. Times are those of the commands in a process that has
imported the platform already.

{summary}

## Release by release

{table}
"""


def write_page(folder: Path, decade: Any, options: Any) -> None:
    """Write both files."""
    (folder / "decade.svg").write_text(picture(decade.points), encoding="utf-8")
    growth = decade.growth()
    facts = {
        "rows lost or changed": "none",
        "rows at the end": f"{decade.points[-1].rows:,}",
        "comparisons of a row with the oracle": f"{decade.done.get('rows compared', 0):,}",
        "steps applied": f"{sum(p.steps for p in decade.points):,}",
        "rows that came in while plans were applied": f"{sum(p.flowed for p in decade.points):,}",
        "longest wait of one of them, ms": f"{max(p.stall for p in decade.points) * 1000:.0f}",
        "archived and restored, rolled back": f"{decade.done.get('archived', 0)}, "
        f"{decade.done.get('rollbacks', 0)}",
        "addons, last quarter as against the first": f"{growth['addons']:.2f} times",
        "time to find nothing to do, likewise": f"{growth['planning nothing']:.2f} times",
        "rows, likewise": f"{growth['rows']:.2f} times",
    }
    text = PAGE.format(
        releases=len(decade.points),
        addons=decade.addons,
        seconds=decade.seconds / 60,
        command=f"python bench/decade.py --database {options.database} --releases {options.releases} "
        f"--addons {options.addons} --rows {options.rows} --report",
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        at=time.strftime("%Y-%m-%d", time.gmtime()),
        database={"postgresql": "PostgreSQL", "sqlite": "SQLite"}[decade.database],
        summary=_table(["figure", ""], [[name, value] for name, value in facts.items()]),
        table=_table(
            "release|addons|steps|plan, s|apply, s|nothing to do, s|rows|tables|columns|MB".split("|"),
            [
                [
                    str(p.release), str(p.addons), str(p.steps), f"{p.plan:.1f}", f"{p.apply:.1f}",
                    f"{p.idle:.2f}", f"{p.rows:,}", str(p.tables), str(p.columns), f"{p.bytes / 1e6:.1f}",
                ]
                for p in decade.points
            ],
        ),
    )  # fmt: skip
    (folder / "decade.md").write_text(text, encoding="utf-8")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def picture(points: Sequence[Any]) -> str:
    """All four charts."""
    charts = [
        ("Rows", {"rows": [p.rows for p in points]}),
        (
            "Schema",
            {
                "tables": [p.tables for p in points],
                "columns": [p.columns for p in points],
                "addons": [p.addons for p in points],
            },
        ),
        (
            "Seconds for a release",
            {"plan": [p.plan for p in points], "apply": [p.apply for p in points]},
        ),
        (
            "Seconds, nothing to do",
            {
                "plan": [p.idle for p in points],
                "a share of the addons": [
                    p.addons * points[0].idle / points[0].addons for p in points
                ],
            },
        ),
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {2 * HEIGHT}"',
        'font-family="sans-serif" font-size="11" role="img">',
        "<title>Rows, schema, plan and apply times over the releases</title>",
        f'<rect width="{2 * WIDTH}" height="{2 * HEIGHT}" fill="#ffffff"/>',
    ]
    for place, (title, series) in enumerate(charts):
        x, y = place % 2 * WIDTH, place // 2 * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_chart(title, series)}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _chart(title: str, series: dict[str, list[float]]) -> str:
    top = max(max(values) for values in series.values()) or 1
    count = max(len(next(iter(series.values()))) - 1, 1)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(place: int, value: float) -> str:
        return f"{LEFT + place / count * wide:.1f},{TOP + high - value / top * high:.1f}"

    parts = [f'<text x="{LEFT}" y="14" font-weight="bold">{escape(title)}</text>']
    for share in (0, 0.5, 1):
        y = TOP + high - share * high
        label = f"{top * share:,.0f}" if top >= 10 else f"{top * share:.1f}"
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#dddddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{label}</text>'
        )
    for number, (name, values) in enumerate(series.items()):
        colour, dash = COLOURS[number], DASHES[number]
        line = " ".join(at(place, value) for place, value in enumerate(values))
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
            f'<text x="{LEFT + 150 + number * 75}" y="14" fill="{colour}">{escape(name)}</text>'
        )
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">release 1</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{count + 1}</text>')
    return "".join(parts)
