"""What readers give, what loaders answer, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

Action = Literal["loaded", "merged", "rejected"]
ACTIONS: tuple[Action, ...] = ("loaded", "merged", "rejected")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a source: the line that it begins on (from 1), and its fields.

    Fields of CSV are all texts; those of JSON lines are what JSON says.
    """

    line: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    "loaded": new; "merged": brought together with what was there; "rejected": not taken, with a stable
    `code` and a `detail` for people. `amount` is what the record is worth, where that is summed.
    """

    line: int
    action: Action
    code: str | None = None
    detail: str | None = None
    amount: Decimal = Decimal(0)


class Loader(Protocol):
    """What `config.add_loader` is given (or a class that is called with the system to make one)."""

    def load(self, session: Session, records: Sequence[Record]) -> Iterable[Outcome]:
        """Add the records to the session and return one outcome for each."""


@dataclass
class Counts:
    """How many records met which fate, and what those that were taken are worth together."""

    loaded: int = 0
    merged: int = 0
    rejected: int = 0
    net_total: Decimal = field(default=Decimal(0))

    @property
    def read(self) -> int:
        """All records: every one has exactly one fate."""
        return self.loaded + self.merged + self.rejected

    def plus(self, outcomes: Iterable[Outcome]) -> Counts:
        """Return these counts with `outcomes` added."""
        made = Counts(self.loaded, self.merged, self.rejected, self.net_total)
        for outcome in outcomes:
            setattr(made, outcome.action, getattr(made, outcome.action) + 1)
            if outcome.action != "rejected":
                made.net_total += outcome.amount
        return made
