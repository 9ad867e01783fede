"""Keeping: hazards, documentation, tests, types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from talatat.evolution.graph import Revision
from talatat.evolution.hazards import Context, Finding, Severity, Step, lint_plan
from talatat.resources.bound import BoundResource
from talatat.resources.declaration import actions_of
from talatat.testing.conformance import climbing
from talatat.testing.conformance.model import Note, Tier, database_rule, rule
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.sources import Sources, tests_in, untyped
from talatat.testing.conformance.subject import Subject
from talatat.testing.conformance.upgrading import Upgrades

SHOWN = 5


@database_rule(
    "no-danger",
    Tier.GOLD,
    title="Its revisions hold no danger that nobody looked at",
    why="A danger loses rows or stops requests of the release that serves; a recorded waiver says that somebody weighed it.",
    mend='Write the safe way that the finding names, or record why it may: waivers = {"drop-while-serving": "..."}.',
)  # fmt: skip
def no_danger(subject: Subject, place: Place) -> Iterator[str]:
    for one, told in _findings(subject, place):
        if one.severity is Severity.DANGER:
            yield told


@database_rule(
    "no-hazard",
    Tier.PLATINUM,
    title="Its revisions hold no hazard at all that nobody looked at",
    why="What is a notice on a small table is a warning on a large one, and nobody knows how large a site's tables are.",
    mend="As for `no-danger`; docs/hazards.md lists every hazard with its recipe.",
)  # fmt: skip
def no_hazard(subject: Subject, place: Place) -> Iterator[str]:
    yield from (told for _, told in _findings(subject, place))


def _findings(subject: Subject, place: Place) -> Iterator[tuple[Finding, str]]:
    """What the linter says of each own revision, on tables whose size nobody knows.

    As plans of upgrades do: the revisions of a release together, with those of other addons between.
    """
    climb = subject.climbed(place)
    upgrades = Upgrades(climb)
    own = {step.place: step for step in climb.steps}
    for steps in upgrades.plans():
        first, last = steps[0], steps[-1]
        judged = [
            Step(statements, _context(subject, first, revision))
            for revision, statements in climb.ran[first.place : last.place + 1]
        ]
        for one in lint_plan(judged, place.kind):
            step = own.get(first.place + one.step)
            if step is None or one.waived or upgrades.since(step, one.table) is not first:
                continue
            if not _is_kept(one, step):
                instead = f" Instead: {one.recipe.text}"
                yield one, f"{step.revision}: {one.severity} {one.id}: {one.message}.{instead}"


def _is_kept(one: Finding, step: climbing.Step) -> bool:
    """Whether what is lost is put away and comes back: such a step blocks no plan."""
    kept = {keep["table"] for keep in step.planned.keeps}
    return one.id == "destructive" and step.revision.reversible and one.table in kept


def _context(subject: Subject, first: climbing.Step, revision: Revision) -> Context:
    """The context of a revision in the plan that begins with the step `first`."""
    own = revision.addon == subject.name
    return Context(
        addon=revision.addon,
        requires=frozenset(subject.required),
        tables={name: replace(one, rows=None, bytes=None) for name, one in first.observed.items()},
        phase=revision.phase,
        transactional=revision.transactional,
        lock_timeout=True,  # apply sets one
        waivers=revision.waivers,
        source=revision.path if own else None,
        packages=frozenset(one.package.partition(".")[0] for one in subject.alone.addons),
        schema=first.made_by,
        label=str(revision),
    )


@rule(
    "documented",
    Tier.GOLD,
    title="It says what it is: summary, licence, README, and what its permissions and resources are for",
    why="These texts are shown wherever addons are listed, in the OpenAPI document and where permissions are granted.",
    mend="Write description, license and readme in pyproject.toml (and install it again), titles of permissions, docstrings of resources and actions.",
)  # fmt: skip
def documented(subject: Subject) -> Iterator[str]:
    installed = subject.installed
    sources = Sources(installed.distribution, installed.package)
    if not installed.summary.strip():
        yield "the distribution has no summary (description in pyproject.toml)"
    if not installed.licence.strip() and not sources.licences:
        yield "the distribution has no licence (license in pyproject.toml)"
    if not sources.readme:
        yield "the distribution has no README (readme in pyproject.toml)"
    system = subject.registry().system
    for name, one in system.security.permissions.items():
        if one.addon == subject.name and one.title.strip() in ("", name):
            yield f"the permission {name} has no title"
    for bound in system.resources.values():
        if bound.addon == subject.name:
            yield from _undescribed(bound)


def _undescribed(bound: BoundResource) -> Iterator[str]:
    if not (vars(bound.declaration).get("__doc__") or "").strip():
        yield f"the resource {bound.full_name} has no docstring"
    for action in actions_of(bound.declaration):
        if not action.description:
            yield f"the action :{action.verb} of {bound.full_name} has no docstring"


@rule(
    "tested",
    Tier.GOLD,
    title="It has tests of its own",
    why="Whoever changes it, or the addons below it, has to be told what broke.",
    mend="Write tests/test_....py beside the package; docs/addon-author.md shows how.",
)  # fmt: skip
def tested(subject: Subject) -> Iterator[str]:
    sources = Sources(subject.installed.distribution, subject.installed.package)
    inside = sources.folder / "tests"
    folder = inside if inside.is_dir() else sources.project / "tests"
    found = list(tests_in(folder)) if folder.is_dir() else []
    if not found:
        yield f"there is no test in {folder.name}/ of the project"
    yield Note(f"{len(found)} tests")


@rule(
    "typed",
    Tier.PLATINUM,
    title="Its public functions say their types",
    why="Other addons are written against them, by people and by type checkers that never read the bodies.",
    mend="Annotate what is named, and put an empty py.typed into the package and its package-data.",
)  # fmt: skip
def typed(subject: Subject) -> Iterator[str]:
    sources = Sources(subject.installed.distribution, subject.installed.package)
    if not (sources.folder / "py.typed").is_file():
        yield "the package has no py.typed: type checkers take nothing from it"
    missing = [text for module in sources.modules() for text in untyped(module)]
    yield from missing[:SHOWN]
    if len(missing) > SHOWN:
        yield f"and {len(missing) - SHOWN} more"
