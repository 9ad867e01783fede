"""Errors that a person can cause, worded for that person.

Each problem is one text that says what is wrong, where it stands (addon, file, line, .ini key) and
what mends it. Problems are collected, so that one start shows all of them.
"""

import re
import sys
from collections.abc import Iterable
from types import TracebackType


class TalatatError(Exception):
    """Something that the person at the keyboard can mend.

    `problems` holds one text each; `str()` joins them, numbered when there are several.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        return "\n".join(f"{n}. {text}" for n, text in enumerate(self.problems, 1))


class CompositionError(TalatatError):
    """The composition that an .ini declares cannot be made."""


class AddonError(CompositionError):
    """One addon failed while it was composed; `addon` names it, the cause is chained."""

    def __init__(self, addon: str, problem: str) -> None:
        super().__init__(problem)
        self.addon = addon


def said_by(error: BaseException) -> str:
    """What an error says, on one line; one of the database in the words of its driver.

    The question that libpq asks of each server that does not answer is left out: it is no part of what happened.
    """
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    return re.sub(r" Is the server running [^?]*\?", "", said)


def tell_without_traceback() -> None:
    """From now on print an error that ends the process, and that a person can mend, in its own words.

    One with a cause keeps the traceback: it shows where an addon failed.
    """
    sys.excepthook = _told


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, TalatatError) and error.__cause__ is None:
        sys.stderr.write(f"error: {error}\n")
    else:
        sys.__excepthook__(kind, error, trace)
