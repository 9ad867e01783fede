"""Leaving: the addon can be switched off without harm, put away, and brought back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from talatat.composing import load_composition
from talatat.evolution.graph import Graph
from talatat.testing.conformance.model import LeftOut, Note, Tier, database_rule
from talatat.testing.conformance.moving import bring, moving
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.reflecting import reflect, table_names
from talatat.testing.conformance.rows import Rows
from talatat.testing.conformance.subject import Subject

ROWS = 3


@database_rule(
    "asleep",
    Tier.SILVER,
    title="Asleep it harms nobody",
    why="Taken out of the .ini its tables stay. All other addons' models have to insert, change and delete rows as if it were not there.",
    mend="No NOT NULL without a default, no constraint, no trigger on another's table; foreign keys to others CASCADE or SET NULL.",
)  # fmt: skip
def asleep(subject: Subject, place: Place) -> Iterator[str]:
    subject.climbed(place)
    others = [name for name in subject.everybody.names if name != subject.name]
    if not others:
        yield Note("no other addon is there")
        return
    with subject.database(place) as url:
        seed(subject, url, subject.graph_of(subject.everybody))
        done = _write(subject, others, url)
    refused = done["refused"]
    if refused:
        harmless = _refused_anyway(subject, place, others)
        yield from (f"{what}: {why}" for what, why in refused.items() if what not in harmless)
        unseen = [f"{what}: {harmless[what]}" for what in refused if what in harmless]
        yield from (Note(f"refused without it too: {text}") for text in unseen)
    yield Note(f"{done['models']} tables of {', '.join(others)}")


@database_rule(
    "archived",
    Tier.SILVER,
    title="Archived and restored it is what it was, byte for byte",
    why="Who takes an addon out wants the tables gone, and everything back on the day when it is missed after all.",
    mend="Keep data in tables of the addon's own name that its revisions make, and nothing that only one database can hold.",
)  # fmt: skip
def archived(subject: Subject, place: Place) -> Iterator[str]:
    life = subject.life(place)
    yield from life.back
    yield Note(f"{life.rows} rows")


def seed(subject: Subject, url: str, graph: Graph) -> None:
    """Bring an empty database to `graph` and put rows into every table that takes some."""
    with moving(url) as (database, connection):
        bring(connection, graph)
        with (
            database.engine.begin() as writing
        ):  # with foreign keys enforced, as in a system that serves
            rows = Rows(reflect(writing, table_names(writing)), subject.rows)
            for table in rows.tables:
                try:
                    rows.fill(writing, ROWS, [table.name])
                except LeftOut:
                    continue  # told by `rows-survive`, where it is the addon's own


def _write(subject: Subject, others: Sequence[str], url: str) -> dict[str, Any]:
    ini = subject.ini(*others, url=url)
    return subject.elsewhere.ask("sleep", ini=ini, given=subject.rows)


def _refused_anyway(subject: Subject, place: Place, others: Sequence[str]) -> dict[str, str]:
    """What is refused where the addon never was: none of its doing."""
    graph = subject.graph_of(load_composition(subject.ini(*others)))
    with subject.database(place) as url:
        seed(subject, url, graph)
        refused: dict[str, str] = _write(subject, others, url)["refused"]
        return refused
