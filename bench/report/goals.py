"""The goals, as data, and what was measured of each.

A goal compares Talatat with a peer (`against`) or one of its flows with another (`flow_against`), by one
figure. `more` says that Talatat's figure stands above the line (requests a second), otherwise below it (CPU,
instructions, p99). `must` marks the goals that may not be missed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.report.figures import figure, ratios
from bench.results import Results

OURS = "talatat"
MISSING = "not measured yet"


@dataclass(frozen=True)
class Goal:
    """One line of the table of goals; `limit` is a ratio, or a figure where nothing is compared; None is reported alone."""

    title: str
    flow: str
    figure: str
    limit: float | None
    against: str = ""
    flow_against: str = ""
    more: bool = False
    at_least: bool = True
    must: bool = False
    ours: str = OURS

    @property
    def wanted(self) -> str:
        """The limit in words."""
        if self.limit is None:
            return "reported"
        word = "at least" if self.at_least else "at most"
        return f"{word} {self.limit:g}"

    def value(self, results: Results) -> float | None:
        """What was measured; None where a part of it is missing."""
        ours = figure(results, self.flow, self.ours, self.figure)
        if not (self.against or self.flow_against):
            return ours
        other = figure(
            results, self.flow_against or self.flow, self.against or self.ours, self.figure
        )
        if ours is None or other is None:
            return None
        over, under = (ours, other) if self.more or not self.at_least else (other, ours)
        return over / under if under else None

    def reached(self, results: Results) -> bool | None:
        """Whether it is; None where it was not measured."""
        found = self.value(results)
        if found is None or self.limit is None:
            return None
        return found >= self.limit if self.at_least else found <= self.limit

    def between(self, results: Results) -> str:
        """The smallest and the largest ratio of the rounds, as the machine's noise in it."""
        if not self.against or self.figure not in ("rate", "cpu_us"):
            return ""
        over, under = (
            (self.ours, self.against)
            if self.more or not self.at_least
            else (self.against, self.ours)
        )
        found = ratios(results, self.flow, self.figure, over, under)
        return f"{min(found):.2f} to {max(found):.2f}" if len(found) > 1 else ""


def _against(
    peer: str, title: str, flow: str, rate: float, cpu: float, instructions: float = 0, must: bool = False
) -> list[Goal]:  # fmt: skip
    found = [
        Goal(
            f"{flow}, requests a second: times {title}'s",
            flow,
            "rate",
            rate,
            peer,
            more=True,
            must=must,
        ),
        Goal(f"{flow}, CPU: times less than {title}", flow, "cpu_us", cpu, peer, must=must),
    ]
    if instructions:
        found.append(
            Goal(f"{flow}, instructions: times fewer than {title}", flow, "instructions", instructions, peer,
                 must=must)
        )  # fmt: skip
    return found


GOALS = [
    *_against("fastapi_async", "FastAPI async", "search", 2.5, 3.5, 5, must=True),
    *_against("fastapi_async", "FastAPI async", "checkout", 2, 3, 5, must=True),
    *_against("fastapi_tuned", "FastAPI tuned by hand", "search", 1.6, 1.5),
    *_against("fastapi_tuned", "FastAPI tuned by hand", "checkout", 1.6, 1.5),
    Goal("search, requests a second: times Django REST framework's", "search", "rate", 6, "django", more=True),
    Goal("checkout, requests a second: times Django REST framework's", "checkout", "rate", 6, "django", more=True),
    *(
        goal
        for flow in ("search", "checkout")
        for goal in (
            Goal(f"{flow}, requests a second: of the limit's", flow, "rate", 0.8, "limit", more=True),
            Goal(f"{flow}, CPU: times the limit's", flow, "cpu_us", 1.6, "limit", at_least=False),
        )
    ),
    *(
        Goal(
            f"{flow}, p99 at 70 % of FastAPI's saturation: of FastAPI async's", flow, "open_p99_ms", 0.5,
            "fastapi_async", at_least=False,
        )
        for flow in ("search", "checkout")
    ),
    Goal("a list, CPU: times less than by hand in Pyramid and Cornice (search)", "search", "cpu_us", 4, "pyramid",
         must=True),
    Goal("a list, CPU: times less than by hand in Pyramid and Cornice (page)", "page", "cpu_us", 4, "pyramid",
         must=True),
    Goal("a write, CPU: times less than by hand in Pyramid and Cornice (patch)", "patch", "cpu_us", 2.5, "pyramid",
         must=True),
    Goal("a page at the end of a million rows, p50: times the first page's", "deep", "p50_ms", 1.1,
         flow_against="page", at_least=False, must=True),
    *(
        Goal(f"{flow} with 500 addons, how long it takes: times that with 3", f"{flow}_times", "growth", 1.05,
             at_least=False, must=True)
        for flow in ("search", "checkout")
    ),
    *(
        Goal(f"{flow} with 500 addons, function calls: times those with 3", flow, "growth", 1.05, at_least=False,
             must=True)
        for flow in ("search", "checkout")
    ),
    Goal("start-up with 500 addons, seconds of CPU", "cpu_seconds", "growth", 8, at_least=False, must=True),
    Goal("start-up with 500 addons, KiB an addon", "KiB_an_addon", "growth", 300, at_least=False, must=True),
    *(
        Goal(f"{flow} on waitress, the default, requests a second: of those on granian", flow, "rate", None, OURS,
             more=True, ours="talatat_waitress")
        for flow in ("search", "checkout")
    ),
    Goal("get one, statements", "get", "statements", 1, at_least=False),
    Goal("get one, microseconds of CPU", "get", "cpu_us", 500, at_least=False),
]  # fmt: skip
