"""What the linter asks and what it says: rules, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from talatat.testing.conventions.reading import Reading

Severity = Literal["error", "warning"]
Found = Iterator[tuple[str, str]]
"""(JSON pointer, what is wrong there and the edit that mends it)."""

PAGE = "docs/conventions.md"


@dataclass(frozen=True)
class Rule:
    """One convention: the texts of its place on the page, and the function that looks for breaches."""

    id: str
    family: str
    title: str
    why: str
    source: str
    severity: Severity
    check: Callable[[Reading], Found]

    @property
    def page(self) -> str:
        """Where the documentation tells of it."""
        return f"{PAGE}#{self.id}"


@dataclass(frozen=True)
class Finding:
    """One breach: `path` is a JSON pointer into the document, `message` says the edit that mends it."""

    rule: str
    path: str
    message: str
    page: str
    severity: Severity = "error"
    operation: str = ""
    addon: str = ""

    def __str__(self) -> str:
        where = f"{self.operation} ({self.path})" if self.operation else self.path
        return f"{self.rule}: {where}: {self.message} See {self.page}"


RULES: dict[str, Rule] = {}


def rule(
    identifier: str, title: str, *, why: str, source: str, severity: Severity = "error"
) -> Callable[[Callable[[Reading], Found]], Callable[[Reading], Found]]:
    """Take a function into `RULES`; its family is the name of its module."""

    def take(check: Callable[[Reading], Found]) -> Callable[[Reading], Found]:
        assert identifier not in RULES
        family = check.__module__.rpartition(".")[2]
        RULES[identifier] = Rule(identifier, family, title, why, source, severity, check)
        return check

    return take
