"""What the linter is told and what it says: contexts, steps, findings and their recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from talatat.errors import TalatatError

DIALECTS = ("postgresql", "sqlite")


class HazardsError(TalatatError):
    """Statements that cannot be judged: they do not parse, or a dialect is not known."""


class Severity(StrEnum):
    """How much a finding weighs: `notice` may pass, `warning` asks for a look, `danger` for a change."""

    NOTICE = "notice"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True)
class Column:
    """A column as it stands before the plan. None says that it is not known."""

    type: str | None = None
    nullable: bool | None = None
    default: bool | None = None


@dataclass(frozen=True)
class Table:
    """A table as it stands before the plan: whose it is, how large, and what the rules ask about it.

    `rows` and `bytes` scale severities (None: not known). `indexes` holds the columns of each index by its
    name, the primary key's among them. `keys` are the columns whose values the database keeps distinct
    (None: not known), `distinct` those of which somebody looked and found no two rows alike. `hot` says
    that the table is written all the time, whatever its size. `refers` are the tables that its foreign keys
    lead to, by the keys' names.
    """

    owner: str | None = None
    rows: int | None = None
    bytes: int | None = None
    columns: Mapping[str, Column] | None = None
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys: tuple[frozenset[str], ...] | None = None
    distinct: tuple[frozenset[str], ...] = ()
    refers: Mapping[str, str] = field(default_factory=dict)
    hot: bool = False


@dataclass(frozen=True)
class Context:
    """All that the statements of one revision cannot say themselves. Everything may be left out.

    `requires` are the addons that `addon` requires, transitively. `created` are tables that earlier steps
    of the same plan make (`lint_plan` keeps count of these itself). Without a `phase` the statements are
    judged as if the previous release were serving. `transactional` says that the statements run in one
    transaction; otherwise each runs in its own, but for those between BEGIN and COMMIT. `lock_timeout`
    says that whoever runs them sets one. `waivers` records reasons by the finding's id. `packages` are the
    import packages of addons, for judging `source`, the revision's file. `schema` holds the statements
    that make an SQLite database as it stands (`SELECT sql FROM sqlite_master`), `foreign_keys` whether
    they are enforced while the statements run.
    """

    addon: str | None = None
    requires: frozenset[str] = frozenset()
    tables: Mapping[str, Table] = field(default_factory=dict)
    created: frozenset[str] = frozenset()
    phase: str | None = None
    transactional: bool = True
    lock_timeout: bool = False
    waivers: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None
    packages: frozenset[str] = frozenset()
    schema: tuple[str, ...] = ()
    foreign_keys: bool = False
    label: str = ""

    @property
    def serving(self) -> bool:
        """Whether the previous release may be serving while the statements run and after."""
        return self.phase != "contract"


@dataclass(frozen=True)
class Step:
    """The statements of one revision, in order, with what is known about them."""

    statements: Sequence[str]
    context: Context = field(default_factory=Context)


@dataclass(frozen=True)
class Recipe:
    """The safe way: a text, and where it can be said in SQL the statements, one tuple a transaction.

    `phase` is the phase of the revision that they belong in, None for the one at hand.
    """

    text: str
    transactions: tuple[tuple[str, ...], ...] = ()
    phase: str | None = None


@dataclass(frozen=True)
class Finding:
    """One hazard of one statement. `waived` holds the recorded reason; such a finding blocks nothing.

    `step` and `statement` are indexes into what was given; `statement` is None where the finding is about the
    revision's file. `lock` is PostgreSQL's name of the lock that hurts, None where none is taken.
    """

    id: str
    severity: Severity
    message: str
    recipe: Recipe
    statement: int | None
    step: int = 0
    lock: str | None = None
    table: str | None = None
    waived: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "id": self.id,
            "severity": self.severity.value,
            "lock": self.lock,
            "table": self.table,
            "step": self.step,
            "statement": self.statement,
            "message": self.message,
            "recipe": {
                "text": self.recipe.text,
                "transactions": [list(one) for one in self.recipe.transactions],
                "phase": self.recipe.phase,
            },
            "waived": self.waived,
        }
