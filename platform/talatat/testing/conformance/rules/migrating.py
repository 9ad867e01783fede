"""Migrating: up, down, in any order, with rows in the tables, and nothing lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from talatat.evolution.hazards import Context
from talatat.evolution.hazards.rules import RULES as HAZARDS
from talatat.evolution.hazards.tokens import tokenize
from talatat.evolution.kept.computing import assigned
from talatat.testing.conformance.climbing import Climb, Step
from talatat.testing.conformance.model import LeftOut, Note, Tier, database_rule, rule
from talatat.testing.conformance.moving import (
    bring,
    comparable,
    moving,
    parts,
    ranked,
    schema_of,
    unproved,
)
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.subject import Subject
from talatat.testing.conformance.upgrading import Upgrades

FORWARD_ONLY = "forward-only"
SHOWN = 3


@database_rule(
    "down-and-up",
    Tier.SILVER,
    title="Each revision can be taken back, and run again",
    why="Rolling back, archiving and trying a release stand on it: down is exactly the way that up came, for the rows as well.",
    mend="Write the downgrade that undoes all of the upgrade, or say reversible = False and why (see `reversible`).",
)  # fmt: skip
def down_and_up(subject: Subject, place: Place) -> Iterator[str]:
    climb = subject.climbed(place)
    yield from climb.way_down
    upgrades = Upgrades(climb)
    for step in climb.steps:
        if step.down is None:
            continue
        before, after = comparable(step.before), comparable(step.after)
        there = (
            *parts(unproved(before), unproved(step.down), ("before it", "after it was taken back")),
            *parts(after, step.again or {}, ("at first", "when it was run again")),
            *_changed(
                step, step.rows_before, step.rows_down, values=True, filled=_filled(upgrades, step)
            ),
        )
        yield from (f"{step.revision}: {text}" for text in there)
    yield from _seeded(subject, climb)


@rule(
    "reversible",
    Tier.SILVER,
    title="Each revision can be taken back, or says why not",
    why="What cannot be taken back has to be known before it is applied: apply asks for it to be accepted by name.",
    mend='Write downgrade(), or: reversible = False and waivers = {"forward-only": "why there is no way back"}.',
)  # fmt: skip
def reversible(subject: Subject) -> Iterator[str]:
    for one in subject.own_revisions:
        if one.reversible:
            continue
        reason = str(one.waivers.get(FORWARD_ONLY, "")).strip()
        if reason:
            yield Note(f"{one.revision} is forward only: {reason}")
        else:
            yield f"{one.path.name} has no way down and does not say why"


@database_rule(
    "rows-survive",
    Tier.SILVER,
    title="Rows survive each of its revisions",
    why="An upgrade that loses a row, or writes over a value, is found out months later.",
    mend="Rebuild, rename and split without losing keys; what is to change belongs in a data revision, what is to go in a contract revision.",
)  # fmt: skip
def rows_survive(subject: Subject, place: Place) -> Iterator[str]:
    climb = subject.climbed(place)
    for step in climb.steps:
        values = step.revision.phase != "data" and not step.revision.batches
        said = _changed(step, step.rows_before, step.rows_after, values=values)
        yield from (f"{step.revision}: {text}" for text in said)
    yield from _seeded(subject, climb)


def _seeded(subject: Subject, climb: Climb) -> Iterator[str]:
    """LeftOut where a table of its own had no rows: then nothing was seen of them."""
    unseen = list(dict.fromkeys(climb.seeding))
    if unseen:
        raise LeftOut(
            f"{'; '.join(unseen[:SHOWN])}. Say values that can be there: --rows FILE, or conformance(..., rows=...)"
        )
    rows = sum(len(one) for step in climb.steps for one in step.rows_before.values())
    yield Note(f"{len(climb.steps)} revisions, {rows} rows")


def _changed(
    step: Step,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    values: bool,
    filled: Collection[tuple[str, str]] = (),
) -> Iterator[str]:
    for table, rows in before.items():
        if table not in after:
            if rows and step.revision.phase != "contract":
                yield f"the table {table} is gone with {len(rows)} rows"
            continue
        found = after[table]
        if len(found) < len(rows):
            yield f"{len(rows) - len(found)} of {len(rows)} rows of {table} are gone"
            continue
        for key, row in list(rows.items()) if values else ():
            other = found.get(key)
            if other is None:
                continue  # its key is another now; the count is right
            lost = [
                name
                for name in row
                if name in other
                and not _alike(row[name], other[name])
                # filled, as by the data revision
                and not (row[name] is None and (step.swept or (table, name) in filled))
            ]
            if lost:
                yield (
                    f"{table}.{lost[0]} was {row[lost[0]]!r} and is {other[lost[0]]!r} in the row "
                    f"{', '.join(map(str, key))}"
                )
                break


def _filled(upgrades: Upgrades, step: Step) -> set[tuple[str, str]]:
    """What a backfill may leave where NULL was: columns that the same release adds, which goes with them.

    The release before has no such column, and reads nothing of it.
    """
    found = set()
    for one in step.planned.batches:
        table = one["table"]
        there = upgrades.since(step, table).before.tables.get(table)
        known = there.columns if there is not None else ()
        found |= {(table, name) for name in assigned(list(tokenize(one["set"]))) - set(known)}
    return found


def _alike(one: Any, other: Any) -> bool:
    """A column may change its type, but not what it says."""
    return bool(one == other) or str(one) == str(other)


@database_rule(
    "either-order",
    Tier.SILVER,
    title="Before or after other addons' revisions, it makes one schema",
    why="One site installs it first, another last. Both have to end with the same tables.",
    mend='Say in requires which revisions of others a revision stands on: requires = {"catalog": "0003_stock"}.',
)  # fmt: skip
def either_order(subject: Subject, place: Place) -> Iterator[str]:
    graph = subject.graph_of(subject.everybody)
    subject.climbed(place)
    schemas = []
    for first in (True, False):
        with subject.database(place) as url, moving(url) as (_, connection):
            bring(connection, ranked(graph, subject.name, first=first))
            schemas.append(comparable(schema_of(connection)))
    yield from parts(schemas[0], schemas[1], ("where it comes first", "where it comes last"))
    others = [name for name in subject.everybody.names if name != subject.name]
    yield Note(f"with {', '.join(others)}" if others else "no other addon is there")


@rule(
    "revisions-stand-alone",
    Tier.SILVER,
    title="Its revisions import no addon",
    why="A revision is run years later, when the models are others; and read by commands that work while the addon is broken.",
    mend="Say what a revision needs of a table in the revision: sa.table('shelf_item', sa.column('title')).",
)  # fmt: skip
def revisions_stand_alone(subject: Subject) -> Iterator[str]:
    packages = frozenset(one.package.partition(".")[0] for one in subject.alone.addons)
    source = HAZARDS["imports-application-models"].source
    assert source is not None
    for one in subject.own_revisions:
        context = Context(addon=subject.name, source=one.path, packages=packages)
        yield from (f"{one.path.name}: {hit.message}" for hit in source(context))
