"""A plan as data: what is there, what is wanted, the steps between, and what each would change.

A plan is deterministic: made twice of the same database and the same composition it is the same, byte
for byte, but for what was only `measured` (rows, sizes, processes) and for hazards, whose severity grows with
the tables: they are no part of its digest, for rows come in while a plan lies in a file. What blocks it is.
So a saved plan is stale exactly when the plan made now has another digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from talatat.evolution.canonical import digest

FORMAT = 1

# What a step does. upgrade, downgrade: a revision. fill: the guaranteed extension rows that are missing.
# restore: an archive in the database moved back.
Kind = Literal["upgrade", "downgrade", "fill", "restore"]
Reversibility = Literal["reversible", "restorable", "forward only"]


@dataclass(frozen=True)
class Step:
    """One step: what runs in one transaction, or in many small ones, or (an index) outside of any.

    `name` is a revision, the table that is filled, or the archive that is moved back. `statements` are as
    the revision emitted them in a shadow database; parameters are no part of them. `batches` are the
    declared backfills of a data revision. `keeps` says what is put away before (table, columns; [] is all).
    `measured` has rows and bytes of the tables: {table: {"rows": 3, "bytes": 8192}}.
    """

    kind: Kind
    addon: str
    name: str
    phase: str = "expand"
    statements: tuple[str, ...] = ()
    batches: tuple[Mapping[str, Any], ...] = ()
    transactional: bool = True
    checksum: str | None = None
    reversibility: Reversibility = "reversible"
    locks: Mapping[str, str] = field(default_factory=dict)
    rewrites: tuple[str, ...] = ()
    hazards: tuple[Mapping[str, Any], ...] = ()
    keeps: tuple[Mapping[str, Any], ...] = ()
    measured: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What names the step in its plan, in the journal and in `--accept`."""
        return (
            f"{self.addon}:{self.name}"
            if self.kind == "upgrade"
            else f"{self.kind}:{self.addon}:{self.name}"
        )

    def __str__(self) -> str:
        return f"{self.addon} {self.name}"


@dataclass(frozen=True)
class Change:
    """One difference between the last release and the composition that is wanted.

    `section` is one of SECTIONS; `symbol` is + (new), - (gone), ~ (changed) or ! (weakens what callers or
    the operator count on: a view made public, a wider role, a response field dropped). `weight` is info,
    notice, warning or danger.
    """

    section: str
    symbol: str
    what: str
    addon: str | None = None
    detail: str = ""
    weight: str = "info"


# The sections of changes in the order in which they are shown; the steps stand between states and data.
SECTIONS = (
    "packages", "states", "routes", "views", "overrides", "hooks", "permissions", "api", "settings", "jobs",
)  # fmt: skip


@dataclass(frozen=True)
class Blocker:
    """Why the plan cannot be applied as it is. `accept` names what lets it pass: `--accept NAME`."""

    text: str
    accept: str | None = None


@dataclass(frozen=True)
class Base:
    """The state of a database that a plan starts from. `schema` is the fingerprint of the live schema."""

    database: str
    identity: str | None
    dialect: str
    release: int | None
    heads: Mapping[str, list[str]]
    schema: str
    archives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All of it. `kind` is apply or rollback; `surface` is what the release will record.

    `measured` is what may differ when the plan is made again: processes that serve an older release, disk.
    """

    kind: str
    ini: str
    base: Base
    surface: Mapping[str, Any]
    packages: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    accepted: tuple[str, ...] = ()
    to_release: int | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of everything but what depends on how many rows there are."""
        document = self._document()
        del document["measured"]
        for step in document["steps"]:
            del step["measured"], step["hazards"]
        return digest(document)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do and nothing to record."""
        return not self.steps and not self.changes

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 2 changes, 3 blocked."""
        return 3 if self.blockers else 0 if self.empty else 2

    def in_section(self, name: str) -> Iterator[Change]:
        """The changes of one section, in order."""
        return (one for one in self.changes if one.section == name)

    def _document(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    def as_json(self) -> dict[str, Any]:
        """The plan as plain data, with its digest and its exit code."""
        return {**self._document(), "digest": self.digest, "exit_code": self.exit_code}
