"""A revision as data: the text of its file, and what it does to rows, both ways."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grove.tables import Column, Table

Row = dict[str, Any]
Formula = Callable[[Row], Row]


@dataclass(frozen=True)
class Create:
    """A table is made (and on the way down dropped)."""

    table: Table


@dataclass(frozen=True)
class Remove:
    """A table is dropped (and on the way down made again)."""

    table: Table


@dataclass(frozen=True)
class Add:
    """A column is added (and on the way down dropped)."""

    table: str
    column: Column


@dataclass(frozen=True)
class Drop:
    """A column is dropped (and on the way down added again, empty)."""

    table: str
    column: Column


@dataclass(frozen=True)
class Fill:
    """Values are computed of others in the same row: `fills` on the way up, `refills` on the way down."""

    table: str
    up: Formula
    down: Formula
    fills: tuple[str, ...]
    refills: tuple[str, ...] = ()


Effect = Create | Remove | Add | Drop | Fill


@dataclass(frozen=True)
class Rev:
    """One revision of one addon. `up` and `down` are the bodies of its functions.

    `extra` are further lines at module level; `absorbed` the revisions that a squashed one stands for.
    """

    id: str
    phase: str
    up: str
    down: str
    effects: tuple[Effect, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    before: tuple[str, ...] = ()
    absorbed: tuple[str, ...] = ()
    given: str = ""

    def text(self) -> str:
        """The file."""
        if self.given:
            return self.given
        down: Any = self.before[0] if len(self.before) == 1 else (self.before or None)
        lines = [
            f'"""{self.id.partition("_")[2].replace("_", " ").capitalize()}."""\n',
            "import sqlalchemy as sa",
            "from alembic import op\n",
            "from talatat.db import types as t",
            "from talatat.db.batches import Batch\n",
            f"revision = {self.id!r}",
            f"down_revision = {down!r}",
            f"requires = {dict(self.requires)!r}",
            f"phase = {self.phase!r}",
        ]
        if self.absorbed:
            lines.append(f"replaces = {self.absorbed!r}")
        if self.extra:
            lines.append(self.extra)
        lines += ["\n\ndef upgrade():", textwrap.indent(self.up or "pass", "    ")]
        lines += ["\n\ndef downgrade():", textwrap.indent(self.down or "pass", "    ")]
        return "\n".join(lines) + "\n"
