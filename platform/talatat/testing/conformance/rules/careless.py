"""Carelessness: what an addon may do to the system that trusts it, found before it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.configuration.provenance import line_of_code
from talatat.db.base import bases_of
from talatat.security.csrf import SAFE_METHODS
from talatat.testing.conformance.calling import watched
from talatat.testing.conformance.model import Tier, database_rule, rule
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.routes import METHODS, View, doors_of
from talatat.testing.conformance.running import OWNER
from talatat.testing.conformance.scanning import found_in
from talatat.testing.conformance.sources import Sources
from talatat.testing.conformance.subject import Subject


@rule(
    "careful-source",
    Tier.BRONZE,
    title="Its source holds nothing that lets a request run code, SQL or another addon's tables",
    why="SQL made of values, unpickling, shells and writes to foreign tables are how one addon endangers all others.",
    mend="Mend the line that is named; where it is safe say why in a comment on it: # safe: the name is from a list.",
)  # fmt: skip
def careful_source(subject: Subject) -> Iterator[str]:
    registry = subject.registry()
    others = [one for one in registry.system.composition.addons if one.name != subject.name]
    foreign = {
        str(table.name): one.name
        for one in others
        for base in bases_of(one.package)
        for table in base.metadata.tables.values()
    }
    packages = {one.package.partition(".")[0] for one in others}
    for module in Sources(subject.installed.distribution, subject.addon.package).modules():
        yield from found_in(module, foreign, packages)


@rule(
    "public-writes",
    Tier.BRONZE,
    title="What everybody may write says why",
    why="permission='public' on a POST is a door for every stranger and every robot: that has to be a decision.",
    mend="Give the view a permission, or say what makes it safe: public_because='the body holds the password'.",
)  # fmt: skip
def public_writes(subject: Subject) -> Iterator[str]:
    for door in doors_of(subject.registry(), subject.name):
        for view in door.views:
            if view.permission == "public" and (said := _unsafe(view)) and not view.because:
                yield (
                    f"{line_of_code(view.target)}: {view.name} lets everybody {'/'.join(said)} "
                    f"{door.pattern} and does not say why"
                )


def _unsafe(view: View) -> list[str]:
    """The methods of a view by which something may be written; a fallback for all has none."""
    if getattr(view.target, "__name__", "") == "search" and hasattr(
        view.target, "talatat_resource"
    ):
        return []
    return [one for one in METHODS if one in (view.methods or ()) and one not in SAFE_METHODS]


@database_rule(
    "calls-nobody",
    Tier.BRONZE,
    title="Its views call nobody by themselves",
    why="A view that opens connections can be sent to the inside of a network, and waits for strangers.",
    mend="Call through what checks addresses and bounds the time (talatat.outbound), from a job or a subscriber.",
)  # fmt: skip
def calls_nobody(subject: Subject, place: Place) -> Iterator[str]:
    running = subject.running(place)
    folder = Sources(subject.installed.distribution, subject.addon.package).folder
    with watched(folder) as found:
        for door in doors_of(running.registry, subject.name):
            for method in METHODS:
                if door.permission(method) is not None:
                    body: Any = None if method in SAFE_METHODS else {}
                    running.ask(door.example("1"), method, OWNER, body)
    for one in dict.fromkeys(found):
        yield f"{one} is called while a request is answered"
