"""Reads the statements of a plan in order and asks every rule about each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from talatat.evolution.hazards import rules
from talatat.evolution.hazards.locks import blocking
from talatat.evolution.hazards.model import (
    DIALECTS,
    Context,
    Finding,
    HazardsError,
    Recipe,
    Severity,
    Step,
)
from talatat.evolution.hazards.operations import LOCKS, Parsed
from talatat.evolution.hazards.registry import Done, Hit, Rule, Scene
from talatat.evolution.hazards.world import World


def lint(
    statements: Iterable[str], dialect: str = "postgresql", context: Context | None = None
) -> list[Finding]:
    """Return the hazards of one revision's statements. Raises HazardsError where one does not parse."""
    return lint_plan([Step(tuple(statements), context or Context())], dialect)


def lint_plan(steps: Sequence[Step], dialect: str = "postgresql") -> list[Finding]:
    """Return the hazards of several revisions, in the order in which they are to be run.

    What earlier steps make (tables, columns, checks, indexes) is known to later ones. A recipe holds SQL only
    where that has no hazard itself. Raises HazardsError.
    """
    if dialect not in DIALECTS:
        raise HazardsError(
            f"dialect {dialect!r} is none of {', '.join(DIALECTS)}. Say one of these."
        )
    return [_with_safe_recipe(one, steps, dialect) for one in _found(steps, dialect)]


def locks_of(steps: Sequence[Step], dialect: str = "postgresql") -> list[dict[str, str]]:
    """Return, for each step, the strongest lock that it takes on each table: {table: PostgreSQL's name}.

    On SQLite there are none: a writer locks the whole file. Raises HazardsError.
    """
    if dialect != "postgresql":
        return [{} for _ in steps]
    world, found = World(), []
    for step in steps:
        world.enter(step.context)
        taken: dict[str, str] = {}
        for _, parsed, _ in _statements(step, dialect, world):
            for table, lock in _locks(parsed, world).items():
                taken[table] = max(lock, taken.get(table, lock), key=LOCKS.index)
            world.ended = False
            for operation in parsed.operations:
                world.after(operation)
        found.append(taken)
    return found


def _found(steps: Sequence[Step], dialect: str) -> list[Finding]:
    asked = [one for one in rules.RULES.values() if dialect in one.dialects]
    world, done, found = World(), [], []
    for number, step in enumerate(steps):
        world.enter(step.context)
        for one, hit in _of_source(asked, step.context):
            found.append(_finding(one, hit, world, dialect, number, None))
        for place, parsed, alone in _statements(step, dialect, world):
            locks = _locks(parsed, world)
            for one, hit in _judged(Scene(world, parsed, alone, locks), asked):
                found.append(_finding(one, hit, world, dialect, number, place))
            done.append(Done(number, place, step.context, parsed, locks))
            if not world.ended:
                world.locked.update(locks)
    for one in asked:
        for hit in one.plan(world, done) if one.plan is not None else ():
            at = hit.place or (0, None)
            world.context = steps[at[0]].context
            found.append(_finding(one, hit, world, dialect, *at))
    return _sorted(found)


def _with_safe_recipe(one: Finding, steps: Sequence[Step], dialect: str) -> Finding:
    """The finding, without the SQL of its recipe where that would be refused in the statement's place."""
    if not one.recipe.transactions or one.statement is None:
        return one
    step = steps[one.step]
    context = replace(step.context, phase=one.recipe.phase or step.context.phase, source=None)
    before = [*steps[: one.step], Step(step.statements[: one.statement], step.context)]
    instead = [Step(statements, context) for statements in one.recipe.transactions]
    said = _found([*before, *instead], dialect)
    if any(other.step >= len(before) for other in said):
        return replace(one, recipe=Recipe(one.recipe.text))
    return one


def _of_source(asked: Sequence[Rule], context: Context) -> Iterator[tuple[Rule, Hit]]:
    for one in asked:
        if one.source is not None and context.source is not None:
            yield from ((one, hit) for hit in one.source(context))


def _statements(step: Step, dialect: str, world: World) -> Iterator[tuple[int, Parsed, bool]]:
    """Each statement, and whether it is alone in its transaction (which can then be none)."""
    parsed = list(_parsed(step, dialect, world))
    for place, one in parsed:
        if not step.context.transactional and not world.in_block:
            world.new_transaction()
        single = len(parsed) == 1 or not step.context.transactional
        yield place, one, single and not world.in_block


def _locks(parsed: Parsed, world: World) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in parsed.operations:
        for table, lock in blocking(one, world).items():
            found[table] = max(lock, found.get(table, lock), key=LOCKS.index)
    return found


def _judged(scene: Scene, asked: Sequence[Rule]) -> Iterator[tuple[Rule, Hit]]:
    """What the rules say of a statement, and then of its operations in turn, while the world moves on."""
    for one in asked:
        if one.statement is not None:
            yield from ((one, hit) for hit in one.statement(scene))
    scene.world.ended = False
    for operation in scene.parsed.operations:
        for one in asked:
            if one.each is not None and isinstance(operation, one.on):
                yield from ((one, hit) for hit in one.each(scene, operation))
        scene.world.after(operation)


def _parsed(step: Step, dialect: str, world: World) -> Iterator[tuple[int, Parsed]]:
    if dialect == "sqlite":
        from talatat.evolution.hazards.sqlite import parse_all

        yield from parse_all(step, world)
        return
    from talatat.evolution.hazards.postgresql import parse

    for place, statement in enumerate(step.statements):
        try:
            for one in parse(statement, world.keys):
                yield place, one
        except HazardsError as error:
            raise HazardsError(f"statement {place + 1} cannot be read: {error}") from error


def _finding(
    one: Rule, hit: Hit, world: World, dialect: str, step: int, statement: int | None
) -> Finding:
    """A rule's hit as a finding of the step that the world is at."""
    context, table = world.context, world.table(hit.table)
    severity = one.severity(table.rows, table.bytes)
    if table.hot and severity is Severity.NOTICE and one.scale == "work":
        severity = Severity.WARNING
    sql, lock = hit.sql, hit.lock or one.lock
    if dialect == "sqlite":
        lock = None
    elif sql and not hit.reads and not context.lock_timeout:
        sql = (("SET lock_timeout = '2s'",), *sql)
    recipe = Recipe(hit.recipe or one.recipe, sql, hit.phase)
    waived = context.waivers.get(one.id)
    return Finding(one.id, severity, hit.message, recipe, statement, step, lock, hit.table, waived)


def _sorted(found: Sequence[Finding]) -> list[Finding]:
    """By step and statement, once each."""
    unique = dict.fromkeys(found)
    return sorted(
        unique, key=lambda one: (one.step, -1 if one.statement is None else one.statement)
    )
