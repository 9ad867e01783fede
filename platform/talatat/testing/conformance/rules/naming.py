"""Names: whose a thing is can be told from what it is called, and it can be reached by that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from talatat.db.checks import LONGEST_NAME
from talatat.settings.registry import LIMITS
from talatat.testing.conformance.climbing import Climb
from talatat.testing.conformance.model import Note, Tier, database_rule, rule
from talatat.testing.conformance.moving import comparable
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.subject import Subject


@rule(
    "own-names",
    Tier.BRONZE,
    title="What it declares bears its name",
    why="Two addons that call one thing alike collide; an operator who sees a name has to know whose it is.",
    mend="Begin it with the addon's name: the permission shelf.write, the route shelf.page, the key shelf.size.",
)  # fmt: skip
def own_names(subject: Subject) -> Iterator[str]:
    registry, addon = subject.registry(), subject.name
    system = registry.system
    package = subject.addon.package
    for kind, named in (
        ("permission", system.security.permissions),
        ("role", system.security.roles),
    ):
        for name, one in named.items():
            overriding = one.intr is not None and one.intr.get("overriding", ())
            if one.addon == addon and not _is_under(name, addon, *(overriding or ())):
                yield f"the {kind} {name!r} does not begin with '{addon}.'"
    for key, setting in system.settings.known.items():
        # A limit of its own is a key of the platform's, which names whose it is.
        if setting.owner == addon and not _is_under(key, addon, f"{LIMITS}{addon}"):
            yield f"the setting {key!r} does not begin with '{addon}.'"
    for category, kind, name_of in _DECLARED:
        for intr in _introspectables(registry, category):
            name = name_of(intr)
            if intr.get("addon") == addon and not _is_own(name, addon, package, intr):
                yield f"the {kind} {name!r} does not begin with '{addon}.'"


# What addons declare under names that they choose: category of introspectables, word, its name.
_DECLARED: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("routes", "route", lambda intr: str(intr["name"])),
    ("talatat subscribers after commit", "subscriber", lambda intr: str(intr["name"])),
    ("talatat loaders", "loader", lambda intr: str(intr["name"])),
    ("talatat identity sources", "identity source", lambda intr: str(intr["name"])),
)


def _introspectables(registry: Any, category: str) -> Iterator[Any]:
    for entry in registry.introspector.get_category(category) or ():
        yield entry["introspectable"]


def _is_under(name: str, *prefixes: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in prefixes)


def _is_own(name: str, addon: str, package: str, intr: Any) -> bool:
    """Static views have their path for a name, which Pyramid begins with two underscores."""
    bare = name.removeprefix("__").rstrip("/")
    return _is_under(bare, addon, package, *intr.get("overriding", ())) or bare.startswith(
        f"{addon}/"
    )


@database_rule(
    "own-tables",
    Tier.BRONZE,
    title="Its tables, indexes and constraints bear its name, in 63 bytes",
    why="Whose a table is shows in its name; PostgreSQL cuts a longer name without an error, and two become one.",
    mend="Begin every name with the addon's and an underscore, and give a shorter one with name=... where it is too long.",
)  # fmt: skip
def own_tables(subject: Subject, place: Place) -> Iterator[str]:
    prefix = f"{subject.name}_"
    for kind, name in _own_objects(subject, place):
        if not name.startswith(prefix):
            yield f"the {kind} {name} does not begin with {prefix!r}"
        if len(name.encode()) > LONGEST_NAME:
            yield f"the name of the {kind} {name} is longer than {LONGEST_NAME} bytes"


def _own_objects(subject: Subject, place: Place) -> Iterator[tuple[str, str]]:
    """Everything that its revisions made and that is there at the end: kind and name."""
    climb = subject.climbed(place)
    assert climb.schema is not None
    before = {(one.kind, one.name) for step in climb.steps[:1] for one in step.before.objects}
    made = {
        (one.kind, one.name)
        for step in climb.steps
        for one in step.after.objects
        if one not in step.before.objects and one.kind not in ("setting", "extension")
    }
    there = {(one.kind, one.name) for one in climb.schema.objects}
    # On SQLite a constraint is a part of its table's statement, and no object.
    named = {
        ("constraint", name) for _, name, said in _constraints(climb, subject.name) if name != said
    }
    yield from sorted(((made & there) - before) | named)


def _constraints(climb: Climb, addon: str) -> Iterator[tuple[str, str, str]]:
    """The constraints of its own tables: table, name, what it says. One without a name is called what it says."""
    assert climb.schema is not None
    for table, entry in sorted(comparable(climb.schema).items()):
        if climb.owners.get(table) == addon:
            for name, said in entry.get("constraints", {}).items():
                yield table, name, said


@database_rule(
    "named-constraints",
    Tier.BRONZE,
    title="All its constraints have names",
    why="The server makes up a name, another one elsewhere: a later revision cannot say what it drops.",
    mend="Give it name='...', or leave the naming to the platform by writing op.create_table instead of SQL.",
)  # fmt: skip
def named_constraints(subject: Subject, place: Place) -> Iterator[str]:
    for table, name, said in _constraints(subject.climbed(place), subject.name):
        if name == said:
            yield f"{table}: the constraint {said} has no name"
    if place.kind == "postgresql":
        yield Note("PostgreSQL names what was forgotten: that shows on SQLite")
