"""A rule is a function with its own description: what the linter runs and what the documentation lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.model import DIALECTS, Context, Severity
from talatat.evolution.hazards.world import World

# What a severity goes by: the work under a lock, the rows that are lost or refused, or nothing.
Scale = Literal["work", "loss", "warning", "notice"]
_SMALL = (10_000, 16 * 1024 * 1024)
_LARGE = (1_000_000, 1024**3)


@dataclass(frozen=True)
class Hit:
    """What a rule says of one statement.

    `place` (step and statement) is set by the rules that look at a whole plan. `reads` says that the recipe's
    statements only read.
    """

    message: str
    table: str | None = None
    lock: str | None = None
    sql: tuple[tuple[str, ...], ...] = ()
    recipe: str | None = None
    phase: str | None = None
    place: tuple[int, int | None] | None = None
    reads: bool = False


@dataclass
class Scene:
    """Where a rule is asked: the world before an operation, its statement, the locks that this takes.

    `alone` says that nothing else is in the statement's transaction.
    """

    world: World
    parsed: op.Parsed
    alone: bool = False
    locks: dict[str, str] = field(default_factory=dict)

    @property
    def fresh(self) -> dict[str, str]:
        """The locks on tables that the transaction had not locked before."""
        return {name: lock for name, lock in self.locks.items() if name not in self.world.locked}

    @property
    def context(self) -> Context:
        return self.world.context


@dataclass(frozen=True)
class Done:
    """One statement of a plan after all were read."""

    step: int
    statement: int
    context: Context
    parsed: op.Parsed
    locks: dict[str, str]


@dataclass(frozen=True)
class Rule:
    """A hazard: its id and the texts of its page, and the function that finds it."""

    id: str
    title: str
    why: str
    recipe: str
    lock: str | None
    scale: Scale
    dialects: tuple[str, ...]
    on: tuple[type[op.Operation], ...] = ()
    each: Callable[[Scene, Any], Iterable[Hit]] | None = None
    statement: Callable[[Scene], Iterable[Hit]] | None = None
    plan: Callable[[World, Sequence[Done]], Iterable[Hit]] | None = None
    source: Callable[[Context], Iterable[Hit]] | None = None

    def severity(self, rows: int | None, size: int | None) -> Severity:
        """How much a finding weighs on a table of so many rows and bytes (None: not known)."""
        if self.scale in {"warning", "notice"}:
            return Severity(self.scale)
        if self.scale == "loss":
            return Severity.NOTICE if rows == 0 else Severity.DANGER
        if rows is None and size is None:
            return Severity.WARNING
        if (rows or 0) >= _LARGE[0] or (size or 0) >= _LARGE[1]:
            return Severity.DANGER
        small = (rows or 0) < _SMALL[0] and (size or 0) < _SMALL[1]
        return Severity.NOTICE if small else Severity.WARNING


RULES: dict[str, Rule] = {}
Check = Callable[..., Iterator[Hit]]


def rule(
    name: str,
    *,
    title: str,
    why: str,
    recipe: str,
    scale: Scale,
    lock: str | None = None,
    dialects: tuple[str, ...] = DIALECTS,
    on: tuple[type[op.Operation], ...] | None = None,
    of: Literal["operation", "statement", "plan", "source"] = "operation",
) -> Callable[[Check], Check]:
    """Register a function as a rule.

    With `of="operation"` it is called with a scene and each operation that is one of `on`; otherwise with a
    scene, with the world and all statements done, or with the context of a step that has a source file.
    """

    def register(check: Check) -> Check:
        field_of = "each" if of == "operation" else of
        made = {field_of: check}
        RULES[name] = Rule(
            name, title, why, recipe, lock, scale, dialects, on or (op.Operation,), **made
        )
        return check

    return register
