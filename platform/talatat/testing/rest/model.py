"""What the suite is made of: checks in families, what came of each, and why one was not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talatat.testing.rest.case import Case
    from talatat.testing.rest.sending import Answer


class Reason(StrEnum):
    """Why a check does not apply. All but the last are legitimate: nothing is missing that was promised."""

    OPERATION = "operation"  # the document says that the resource has no such operation
    CAPABILITY = "capability"  # the server's /api does not list it
    DECLARATION = "declaration"  # the document declares no such field, filter, key or action
    ROWS = "rows"  # there are no rows to ask about, and no way to make one: nothing was shown


class NotApplicable(Exception):
    """Raised by a check that has nothing to ask here; the text says why."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Failed(Exception):
    """Raised by a check that found a fault: what is wrong, and the exchange that shows it."""

    def __init__(self, text: str, answer: Answer | None = None) -> None:
        super().__init__(text)
        self.answer = answer


@dataclass(frozen=True)
class Check:
    """One thing that must hold. `row` is the line of the conventions that it shows.

    `needs` are operations of the resource, `capability` what /api lists. One with `once` is about the
    server and asked once, all others of each resource.
    """

    id: str
    family: str
    title: str
    row: str
    run: Callable[[Case], None]
    needs: tuple[str, ...] = ()
    capability: str | None = None
    once: bool = False


CHECKS: dict[str, Check] = {}


@dataclass(frozen=True)
class Family:
    """Registers the checks of one family."""

    name: str
    row: str
    needs: tuple[str, ...] = ()
    capability: str | None = None
    once: bool = False

    def check(
        self, name: str, title: str, needs: Iterable[str] | None = None, row: str | None = None
    ) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
        """Register a function of a `Case`, which raises Failed or NotApplicable, or returns."""

        def register(run: Callable[[Case], None]) -> Callable[[Case], None]:
            assert name not in CHECKS, name
            wanted = self.needs if needs is None else tuple(needs)
            CHECKS[name] = Check(
                name, self.name, title, row or self.row, run, wanted, self.capability, self.once
            )
            return run

        return register


@dataclass(frozen=True)
class Result:
    """What came of one check of one resource (`about`; "server" for a check that is asked once)."""

    check: Check
    about: str
    state: str  # passed, failed, not applicable
    said: str = ""
    exchange: str = ""
    reason: Reason | None = None

    @property
    def name(self) -> str:
        """What was asked of what."""
        return f"{self.about}: {self.check.id}"

    def as_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "check": self.check.id,
            "family": self.check.family,
            "about": self.about,
            "state": self.state,
            "said": self.said,
            "exchange": self.exchange,
            "reason": None if self.reason is None else self.reason.value,
        }


@dataclass
class Report:
    """All results."""

    results: list[Result] = field(default_factory=list)

    def of(self, state: str) -> list[Result]:
        """The results in one state."""
        return [one for one in self.results if one.state == state]

    @property
    def failures(self) -> list[Result]:
        """What failed."""
        return self.of("failed")

    @property
    def unasked(self) -> list[Result]:
        """What does not apply for a reason that is no good one: nothing was shown."""
        return [one for one in self.results if one.reason is Reason.ROWS]

    @property
    def summary(self) -> str:
        """The counts, in one line."""
        about = {one.about for one in self.results} - {SERVER}
        checks = {one.check.id for one in self.results}
        counts = ", ".join(
            f"{len(self.of(state))} {state}" for state in ("passed", "failed", "not applicable")
        )
        return f"{len(checks)} checks of {len(about)} resources: {counts}"

    def problems(self) -> list[str]:
        """A text for each failure: the check, what is wrong, what was sent and answered."""
        return [
            f"{one.name} ({one.check.title}): {one.said}"
            + (f" [{one.exchange}]" if one.exchange else "")
            for one in self.failures
        ]

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {"summary": self.summary, "results": [one.as_json() for one in self.results]}


SERVER = "server"
