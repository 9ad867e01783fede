"""What the suite asks and what it says: tiers, rules, results, the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from talatat.testing.conformance.places import Place
    from talatat.testing.conformance.subject import Subject


class Tier(StrEnum):
    """How good an addon is, in the order in which an addon climbs."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


MEANING = {
    Tier.BRONZE: "safe to install",
    Tier.SILVER: "safe to leave, and to come back",
    Tier.GOLD: "well kept",
    Tier.PLATINUM: "a pleasure to run",
}

State = Literal["pass", "fail", "left out"]


class LeftOut(Exception):
    """Raised by a rule that cannot be asked here; the text says why, in one line."""


class Note(str):
    """What a rule yields to tell something that is no problem."""

    __slots__ = ()


@dataclass(frozen=True)
class Rule:
    """One thing that must hold of an addon: the texts of its page, and the function that finds out.

    `check` yields problems, each a text that says what and where; none is a pass. With `each` it is asked
    once on every database, otherwise once.
    """

    id: str
    tier: Tier
    title: str
    why: str
    mend: str
    each: bool
    check: Callable[..., Iterator[str]]


@dataclass(frozen=True)
class Result:
    """What came of one rule. `problems` are those of a failure, `said` a note or why it was left out."""

    rule: Rule
    state: State
    problems: tuple[str, ...] = ()
    said: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "id": self.rule.id,
            "tier": self.rule.tier.value,
            "title": self.rule.title,
            "state": self.state,
            "problems": list(self.problems),
            "said": self.said,
            "mend": self.rule.mend if self.state == "fail" else None,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Report:
    """All results for one addon. `left_out` says why a database was not asked, by its name.

    `beside` are the addons that it was composed with where a rule wants company, `not_beside` those that
    could not be, and why.
    """

    addon: str
    distribution: str
    version: str
    databases: tuple[str, ...]
    left_out: Mapping[str, str]
    beside: tuple[str, ...]
    results: tuple[Result, ...] = ()
    not_beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> list[Result]:
        """The results that failed."""
        return [one for one in self.results if one.state == "fail"]

    @property
    def tier(self) -> Tier | None:
        """The highest tier whose rules, and those of all tiers below it, passed; None below bronze."""
        reached = None
        for tier in Tier:
            if self.missing(tier):
                break
            reached = tier
        return reached

    @property
    def next_tier(self) -> Tier | None:
        """The tier above the one that was reached; None at the top."""
        return next((tier for tier in Tier if self.missing(tier)), None)

    def missing(self, tier: Tier) -> list[Result]:
        """The results of one tier's rules that are no evidence for it: failed, or left out."""
        return [one for one in self.results if one.rule.tier is tier and one.state != "pass"]

    @property
    def exit_code(self) -> int:
        """0 without a failure, 2 with one."""
        return 2 if self.failures else 0

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        above = self.next_tier
        return {
            "addon": self.addon,
            "distribution": self.distribution,
            "version": self.version,
            "tier": self.tier.value if self.tier else None,
            "next_tier": above.value if above else None,
            "missing": [one.rule.id for one in self.missing(above)] if above else [],
            "databases": list(self.databases),
            "left_out": dict(self.left_out),
            "beside": list(self.beside),
            "not_beside": dict(self.not_beside),
            "rules": [one.as_json() for one in self.results],
        }


RULES: dict[str, Rule] = {}
Check = Callable[["Subject"], Iterator[str]]
DatabaseCheck = Callable[["Subject", "Place"], Iterator[str]]


def rule(name: str, tier: Tier, *, title: str, why: str, mend: str) -> Callable[[Check], Check]:
    """Register a function as a rule that is asked once: fn(subject)."""

    def register(check: Check) -> Check:
        RULES[name] = Rule(name, tier, title, why, mend, False, check)
        return check

    return register


def database_rule(
    name: str, tier: Tier, *, title: str, why: str, mend: str
) -> Callable[[DatabaseCheck], DatabaseCheck]:
    """Register a function as a rule that is asked on every database: fn(subject, place)."""

    def register(check: DatabaseCheck) -> DatabaseCheck:
        RULES[name] = Rule(name, tier, title, why, mend, True, check)
        return check

    return register
