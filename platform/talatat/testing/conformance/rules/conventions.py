"""Conventions: every resource behaves from outside as all resources do, each check asked of each."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.testing.conformance.model import LeftOut, Note, Tier, database_rule
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.subject import Subject


@database_rule(
    "rest-conventions",
    Tier.GOLD,
    title="Its resources keep every convention of the interface",
    why="Clients are written once for all addons: pages, filters, ETags, errors and writes are alike everywhere.",
    mend="The platform keeps them for what is declared: mend the filter, hook, action or view that is named; docs/rest-suite.md tells each check.",
)  # fmt: skip
def rest_conventions(subject: Subject, place: Place) -> Iterator[str]:
    # The suite makes its rows as this one does.
    from talatat.testing.rest.inside import server_of
    from talatat.testing.rest.runner import run

    if subject.conventions_on is not None and place.kind not in subject.conventions_on:
        return
    running = subject.running(place)
    names = [one.full_name for one in running.resources()]
    if not names:
        yield Note("it has no resources")
        return
    report = run(server_of(running), about=names)
    if report.failures:
        yield report.summary
        yield from report.problems()
    yield Note(report.summary)
    if report.unasked:
        raise LeftOut(f"{report.summary}; {report.unasked[0].name}: {report.unasked[0].said}")
