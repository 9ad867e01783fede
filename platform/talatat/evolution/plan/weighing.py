"""What the steps of a plan do to a system that is used: locks, rewrites, sizes, hazards."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from talatat.composition import PLATFORM
from talatat.evolution.archive.naming import owner_of
from talatat.evolution.graph import Graph
from talatat.evolution.hazards import Context, lint_plan
from talatat.evolution.hazards import Step as Judged
from talatat.evolution.hazards.linter import locks_of
from talatat.evolution.hazards.observing import observe, schema_of
from talatat.evolution.live import measure
from talatat.evolution.model import Step

if TYPE_CHECKING:
    from talatat.composition import Composition

_REWRITES = frozenset({"type-change-rewrite", "volatile-default", "table-rewritten"})
_WORD = re.compile(r"\w+")
_REBUILT = re.compile(r'ALTER TABLE "?_alembic_tmp_\w+"? RENAME TO "?(\w+)"?', re.IGNORECASE)


def weighed(
    connection: Connection | None,
    dialect: str,
    graph: Graph,
    steps: Sequence[Step],
    requires: Mapping[str, Collection[str]],
    packages: Collection[str] = (),
) -> list[Step]:
    """Return the steps with locks, rewrites, hazards and measures.

    `connection` reads the live database (None where there is none yet), `requires` gives the addons that
    each addon requires, transitively, `packages` are the import packages of addons.
    """
    runs = [step for step in steps if step.kind in ("upgrade", "downgrade") and step.statements]
    if not runs:
        return list(steps)
    addons = {*graph.folders, *requires}
    tables = {} if connection is None else observe(connection, lambda name: _owner(name, addons))
    schema = () if connection is None or dialect != "sqlite" else schema_of(connection)
    judged = [
        Judged(step.statements, _context(step, graph, requires, packages, tables, schema))
        for step in runs
    ]
    findings = lint_plan(judged, dialect)
    locks = locks_of(judged, dialect)
    named = {step.key: _tables(step, tables) for step in runs}
    sizes = _sizes(connection, {table for found in named.values() for table in found})
    weighed_steps = {}
    for number, step in enumerate(runs):
        own = [one for one in findings if one.step == number]
        rewrites = {one.table for one in own if one.id in _REWRITES and one.table}
        rewrites |= {name for one in step.statements for name in _REBUILT.findall(one)} & set(
            tables
        )
        weighed_steps[step.key] = replace(
            step,
            locks={name: lock for name, lock in sorted(locks[number].items()) if name in tables},
            rewrites=tuple(sorted(rewrites)),
            hazards=tuple(one.as_json() for one in own),
            measured={table: sizes[table] for table in named[step.key] if table in sizes},
        )
    return [weighed_steps.get(step.key, step) for step in steps]


def _owner(name: str, addons: Collection[str]) -> str | None:
    return PLATFORM if name.startswith(f"{PLATFORM}_") else owner_of(name, addons)


def _context(
    step: Step,
    graph: Graph,
    requires: Mapping[str, Collection[str]],
    packages: Collection[str],
    tables: Mapping[str, Any],
    schema: tuple[str, ...],
) -> Context:
    revision = graph.revisions[step.addon, step.name]
    return Context(
        addon=step.addon,
        requires=frozenset(requires.get(step.addon, ())),
        tables=tables,
        phase=step.phase,
        transactional=step.transactional,
        lock_timeout=True,
        waivers=revision.waivers,
        source=revision.path if revision.path.exists() else None,
        packages=frozenset(packages),
        schema=schema,
        label=str(step),
    )


def _tables(step: Step, tables: Mapping[str, Any]) -> list[str]:
    """The live tables that a step's statements and backfills name."""
    texts: Iterable[str] = (*step.statements, *(one["table"] for one in step.batches))
    words = {word for one in texts for word in _WORD.findall(one)}
    return sorted(words & set(tables))


def _sizes(connection: Connection | None, tables: Collection[str]) -> Mapping[str, Any]:
    return {} if connection is None or not tables else measure(connection, sorted(tables))


def closures(composition: Composition) -> Mapping[str, Collection[str]]:
    """What each addon of a composition requires, transitively, the platform too."""
    return {**composition.closures, PLATFORM: frozenset()}
