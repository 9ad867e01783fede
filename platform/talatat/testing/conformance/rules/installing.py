"""Installing: its revisions make what its models say, and touch nothing that is another's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from talatat.evolution.live import Schema
from talatat.testing.conformance.climbing import Step
from talatat.testing.conformance.model import Note, Tier, database_rule
from talatat.testing.conformance.moving import comparable, parts
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.subject import Subject
from talatat.testing.drift import differences

HARMLESS = ("cascade", "set null")


@database_rule(
    "applies",
    Tier.BRONZE,
    title="It is planned and applied on an empty database, and then nothing is left to do",
    why="Whoever installs it has none of its tables: the revisions, and nothing else, have to make them.",
    mend="Mend the revision that is named; what it needs of another addon's stands in its requires.",
)  # fmt: skip
def applies(subject: Subject, place: Place) -> Iterator[str]:
    found = subject.climb(place)
    if found.error is not None:
        yield from found.error.problems
        return
    yield from subject.life(place).again
    if not found.steps:
        yield Note("it has no revisions")


@database_rule(
    "models-match",
    Tier.BRONZE,
    title="Its revisions make what its models say",
    why="A column that only the model has is an error in the first request; one that only the table has is never written.",
    mend="Write a revision for what the models have more (talatat revision), or take it out of the models.",
)  # fmt: skip
def models_match(subject: Subject, place: Place) -> Iterator[str]:
    running = subject.running(place)
    own = f"addon {subject.name}: "
    yield from (
        text.removeprefix(own) for text in differences(running.system) if text.startswith(own)
    )


@database_rule(
    "foreign-keys",
    Tier.BRONZE,
    title="Its foreign keys to other addons cascade or set null, are indexed, and lead to required ones",
    why="A key stays on while its addon sleeps: it must not veto another's deletes, nor make them read a whole table.",
    mend="ondelete='CASCADE', or 'SET NULL' on a nullable column; index=True; add the distribution to the dependencies.",
)  # fmt: skip
def foreign_keys(subject: Subject, place: Place) -> Iterator[str]:
    climb = subject.climbed(place)
    schema = climb.schema
    assert schema is not None
    for name, table in schema.tables.items():
        if climb.owners.get(name) != subject.name:
            continue
        for key in table.foreign_keys:
            owner = climb.owners.get(key.target_table)
            if owner == subject.name:
                continue
            what = f"{name} ({', '.join(key.columns)}) -> {key.target_table}"
            if owner not in (*subject.required, "talatat"):
                yield f"{what}: it belongs to {owner}, which is not required"
            if key.ondelete not in HARMLESS:
                yield f"{what}: ON DELETE {key.ondelete.upper()} refuses its owner's deletes"
            elif key.ondelete == "set null":
                bound = [one for one in key.columns if not table.columns[one].nullable]
                yield from (f"{what}: SET NULL on {one}, which must not be null" for one in bound)
            if not _is_indexed(schema, name, key.columns):
                yield f"{what}: no index begins with {', '.join(key.columns)}"


def _is_indexed(schema: Schema, table: str, columns: tuple[str, ...]) -> bool:
    info = schema.tables[table]
    leading = [one.columns for one in info.indexes.values() if one.valid and not one.partial]
    return any(set(one[: len(columns)]) == set(columns) for one in (*leading, info.primary_key))


@database_rule(
    "leaves-alone",
    Tier.BRONZE,
    title="Its revisions leave other addons' tables alone",
    why="A column, trigger, view or policy on another's table acts on while the addon sleeps, and its owner knows nothing of it.",
    mend="Keep what is yours in an extension table (config.extend_model), react in a hook or a subscriber.",
)  # fmt: skip
def leaves_alone(subject: Subject, place: Place) -> Iterator[str]:
    for step in subject.climbed(place).steps:
        yield from (f"{step.revision}: {text}" for text in _touched(subject.name, step))


def _touched(addon: str, step: Step) -> Iterator[str]:
    before, after = comparable(step.before), comparable(step.after)
    others = {name for name in before if step.owners.get(name) != addon}
    yield from parts(
        {name: before[name] for name in others},
        {name: after[name] for name in others & set(after)},
        ("before it", "after it"),
    )
    for one in step.after.objects:
        new = one not in step.before.objects
        if new and one.kind == "view":
            shown = [name for name in others if _names(one.sql, name)]
            yield from (f"the view {one.name} shows {name}" for name in sorted(shown))


def _names(sql: str, name: str) -> bool:
    return re.search(rf'(?<![\w."]){re.escape(name)}(?!\w)', sql.replace('"', "")) is not None
