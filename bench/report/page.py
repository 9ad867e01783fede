"""docs/performance.md: people's text stays, what stands between the marks is written by the run."""

from __future__ import annotations

import textwrap
from pathlib import Path

from bench.report import tables
from bench.report.goals import GOALS
from bench.results import Results

BEGIN = "<!-- measured by `make bench`: begin -->"
END = "<!-- measured by `make bench`: end -->"
WIDTH = 120
PICTURE = "performance.svg"


class NoMarks(Exception):
    """The page has not the two marks between which figures stand."""


def filled(text: str, results: Results | None) -> str:
    """The page with the figures of a run in place of what stood between the marks; None: none yet.

    Raises NoMarks for a page without them.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NoMarks(f"the page has no line {BEGIN} with {END} after it")
    return f"{before}{BEGIN}\n\n{measured(results)}\n{END}{after}"


def write(page: Path, results: Results) -> None:
    """Fill a page that is there."""
    page.write_text(filled(page.read_text(), results))


def measured(results: Results | None) -> str:
    """All that a run has to say, in Markdown."""
    if results is None:
        return f"{tables.MISSING.capitalize()}.\n\n{tables.goals(None)}"
    parts = [_about(results), "### Goals\n", tables.goals(results), _summary(results)]
    failures = tables.failures(results)
    if failures:
        parts += ["### What failed\n", failures]
    parts.append(f"![Requests a second of the two flows, and CPU a request]({PICTURE})\n")
    for flow in results.plan["flows"]:
        parts += [f"### {tables.TITLES[flow]}\n", tables.flow(results, flow)]
    for flow, rate in results.rates.items():
        parts += [
            f"### {tables.TITLES[flow]}, open loop at {rate:g} requests a second\n",
            tables.opened(results, flow),
        ]
    if results.growth:
        parts += ["### Growth\n", _GROWTH, tables.grown(results)]
    parts += ["### The machine's noise\n", tables.noises(results)]
    return "\n".join(parts)


def _about(results: Results) -> str:
    about = results.about
    versions = ", ".join(f"{name} {found}" for name, found in about["versions"].items())
    changed = ", with changes that were not committed" if about["changed"] else ""
    shop = about["shop"]
    return _wrapped(
        f"Commit {about['commit']}{changed}; {about['at']} UTC; the {results.plan['name']} run, "
        f"{results.plan['closed'][0]} rounds of {results.plan['closed'][2]:g} s for search and checkout. "
        f"{about['machine']}; load {about['load']:g} as the run began. "
        f"{shop['products']:,} products ({shop['source']}), {shop['history']:,} lines of history. "
        f"{results.agreed:,} answers were compared before. {versions}."
    )


def _wrapped(text: str) -> str:
    """A paragraph in lines that people can read."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


def _summary(results: Results) -> str:
    found = [goal.reached(results) for goal in GOALS]
    held = sum(goal.limit is not None for goal in GOALS)
    unknown = sum(goal.value(results) is None for goal in GOALS)
    musts = [goal.title for goal in GOALS if goal.must and goal.reached(results) is False]
    said = (
        f"{found.count(True)} of {held} goals are reached, {found.count(False)} are not, "
        f"{unknown} were not measured."
    )
    if musts:
        said += f" Not reached and a must: {'; '.join(musts)}."
    return _wrapped(said)


_GROWTH = (
    "Function calls of a request; its time in microseconds, and times that with the fewest addons;\n"
    "then the start: seconds of CPU, KiB, function calls; then requests of one resource, in microseconds, as its\n"
    "rows become more, and (with 1,000 rows) the extensions of its model.\n"
)
