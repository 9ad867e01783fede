"""The codes that problems of one composition have: the platform's, and those that addons declare.

An action says its own in `problems=`. What is raised elsewhere, in hooks, subscribers, tweens and views
of Pyramid's, is declared by `config.add_problem("out_of_paper", 503, "The printer has no paper.")`. Each
code has a page below `/docs/problems`, to which the `type` of a problem points. One that is raised and
declared nowhere is logged once; under `talatat.testing` it is an error.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.codes import PLATFORM_CODES
from talatat.composition import PLATFORM

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

log = logging.getLogger("talatat.problems")

FORM = re.compile(r"[a-z][a-z0-9_]{0,63}")
# What an HTTP exception answers whose status has no code of its own: `http_418`.
OF_STATUS = re.compile(r"http_[1-5]\d\d")
# The category of introspectables.
PROBLEMS = "talatat problems"


class UnlistedProblem(AssertionError):
    """A test met a problem whose code stands on no page; the text says how to declare it."""


@dataclass(frozen=True)
class ProblemCode:
    """A code as one addon means it: the status, what it means, and what a client does about it."""

    code: str
    status: int
    meaning: str
    remedy: str = ""
    addon: str = PLATFORM


def own_codes() -> list[ProblemCode]:
    """The platform's own codes."""
    return [ProblemCode(one.code, one.status, one.meaning, one.remedy) for one in PLATFORM_CODES]


def codes_of(problems: Mapping[str, str | tuple[int, str]] | None, addon: str) -> list[ProblemCode]:
    """What an action or a view says in `problems=`: 409 where it names no status."""
    return [
        ProblemCode(code, *((409, said) if isinstance(said, str) else said), addon=addon)
        for code, said in (problems or {}).items()
    ]


class ProblemCodes:
    """All codes of a composition. `strict` makes a code that is raised and not declared an error."""

    def __init__(self) -> None:
        self.strict = False
        self._declared: dict[str, dict[str, ProblemCode]] = {}
        self._told: set[str] = set()
        self.add(*own_codes())

    def add(self, *codes: ProblemCode) -> None:
        """Take note; an addon may say the same code twice, the first word stands."""
        for one in codes:
            self._declared.setdefault(one.code, {}).setdefault(one.addon, one)

    def __contains__(self, code: object) -> bool:
        return code in self._declared or OF_STATUS.fullmatch(str(code)) is not None

    def by_addon(self) -> dict[str, list[ProblemCode]]:
        """The codes of each addon, in alphabetical order."""
        found: dict[str, list[ProblemCode]] = {}
        for code in sorted(self._declared):
            for one in self._declared[code].values():
                found.setdefault(one.addon, []).append(one)
        return found

    def meanings(self, code: str) -> list[ProblemCode]:
        """What a code means, for each addon that declares it; empty where none does."""
        return list(self._declared.get(code, {}).values())

    def meet(self, code: str, addon: str) -> None:
        """Notice that a problem with this code goes out. Raises `UnlistedProblem` where that is strict."""
        if code in self:
            return
        text = (
            f"the addon {addon} answers a problem with the code {code!r}, which is declared nowhere: "
            f"name it in problems= of the action or view, or say config.add_problem({code!r}, ...)"
        )
        if self.strict:
            raise UnlistedProblem(text)
        if code not in self._told:
            self._told.add(code)
            log.warning(text)


class ProblemDirectives:
    """The directive of this room, for the Configurator."""

    @action_method
    def add_problem(
        self: Configurator, code: str, status: int, meaning: str, remedy: str = ""
    ) -> None:
        """Declare a code that the addon's problems have, beside those that its actions name.

        `meaning` is a sentence for the page of the code, `remedy` says what a client does about it.
        """
        if not FORM.fullmatch(code):
            raise ConfigurationError(
                f"{code!r} is no code of a problem: write it like 'out_of_stock'"
            )
        if not 400 <= status <= 599 or not meaning:
            raise ConfigurationError(
                f"the problem {code!r} needs a status from 400 to 599 and a sentence that says what it means"
            )
        declared = ProblemCode(code, status, meaning, remedy, self.owner)
        intr = self.introspectable(PROBLEMS, (self.owner, code), code, "problem")
        intr.update(name=code, status=status, title=meaning)
        codes: Any = self.registry.system.problem_codes
        self.action(
            ("problem", self.owner, code), lambda: codes.add(declared), introspectables=(intr,)
        )
