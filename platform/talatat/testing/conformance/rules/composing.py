"""Composing: the addon stands in any .ini that lists it, and composing changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations

from talatat.composing import compose, load_composition
from talatat.errors import TalatatError
from talatat.evolution.desired import compose_apart
from talatat.testing.conformance.model import Note, Tier, rule
from talatat.testing.conformance.subject import Subject

MOST_LISTS = 24
MOST_ORDERS = 8


@rule(
    "composes",
    Tier.BRONZE,
    title="It composes alone with what it requires",
    why="A system that lists it, and nothing else, has to start: what it needs stands in its requirements.",
    mend="Add the distribution that is missed to the dependencies in pyproject.toml, or mend the line that is named.",
)  # fmt: skip
def composes(subject: Subject) -> Iterator[str]:
    try:
        compose(load_composition(subject.ini(subject.name)))
    except TalatatError as error:
        yield from error.problems


@rule(
    "every-order",
    Tier.BRONZE,
    title="It composes in every order of the .ini",
    why="The order of the lines is the operator's; an addon that only works after another has an undeclared requirement.",
    mend="Require the other addon's distribution, or wait for it with config.include_with(addon, ...).",
)  # fmt: skip
def every_order(subject: Subject) -> Iterator[str]:
    subject.registry()
    seen: set[tuple[str, ...]] = set()
    for listed in _lists(subject.name, [*subject.required, *subject.beside]):
        ini = subject.ini(*listed)
        order = load_composition(ini).names
        if order in seen or len(seen) == MOST_ORDERS:
            continue
        seen.add(order)
        try:
            subject.elsewhere.ask("compose", ini=ini)
        except TalatatError as error:
            yield from (f"composed as {', '.join(order)}: {text}" for text in error.problems)
    yield Note(f"{len(seen)} orders of {', '.join(subject.everybody.names)}")


def _lists(addon: str, others: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Lists of an .ini: the addon at every place among the others, as they are and turned; then any."""
    for rest in (tuple(others), tuple(reversed(others))):
        for place in (0, len(rest), *range(1, len(rest))):
            yield (*rest[:place], addon, *rest[place:])
    yield from islice(permutations((addon, *others)), MOST_LISTS)


@rule(
    "writes-nothing",
    Tier.BRONZE,
    title="Composing it writes nothing",
    why="A plan composes a system that does not serve yet: no file, no connection, no process may come of that.",
    mend="Do it in a request, in a job, or in a subscriber of ApplicationCreated, not while including.",
)  # fmt: skip
def writes_nothing(subject: Subject) -> Iterator[str]:
    subject.registry()
    try:
        desired = compose_apart(subject.ini(subject.name))
    except TalatatError as error:
        yield from error.problems
        return
    yield from desired.refused
