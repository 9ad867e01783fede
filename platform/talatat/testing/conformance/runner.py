"""Asks every rule about one addon."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SAWarning

from talatat.configuration.provenance import shown_path
from talatat.errors import TalatatError
from talatat.testing.conformance import rules
from talatat.testing.conformance.model import LeftOut, Note, Report, Result, Rule
from talatat.testing.conformance.places import KINDS, NAMES
from talatat.testing.conformance.subject import Given, Subject

Progress = Callable[[Result], object]


def check(
    addon: str,
    *,
    beside: Sequence[str] | None = None,
    url: str | None = None,
    kinds: tuple[str, ...] = KINDS,
    settings: Mapping[str, str] | None = None,
    rows: Given | None = None,
    only: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask the rules about an installed addon; see `Subject` for what may be said.

    `only` names rules, `progress` is called with each result. Raises TalatatError for an addon that is
    not installed, a database that cannot be used, and a required setting that nobody said.
    """
    subject = Subject(addon, beside=beside, url=url, kinds=kinds, settings=settings, rows=rows)
    try:
        subject.prepare()
        results = []
        for one in rules.RULES.values():
            if only is None or one.id in set(only):
                results.append(ask(one, subject))
                if progress is not None:
                    progress(results[-1])
        return report(subject, results)
    finally:
        subject.close()


def report(subject: Subject, results: Sequence[Result]) -> Report:
    """The report of results about a subject."""
    return Report(
        subject.name,
        subject.installed.distribution,
        subject.installed.version,
        tuple(NAMES[place.kind] for place in subject.places),
        dict(subject.left_out),
        subject.beside,
        tuple(results),
        dict(subject.not_beside),
    )


def ask(one: Rule, subject: Subject) -> Result:
    """Ask one rule, on every database where it is about one."""
    begun = time.monotonic()
    found = _Said()
    if one.each:
        for place in subject.places:
            found.gather(f"{NAMES[place.kind]}: ", one.check, subject, place)
    else:
        found.gather("", one.check, subject)
    seconds = time.monotonic() - begun
    if found.problems:
        problems = tuple(dict.fromkeys(found.problems))
        return Result(one, "fail", problems, _line(found.left), seconds)
    if found.left or not found.asked:
        return Result(one, "left out", (), _line(found.left) or "no database to ask", seconds)
    return Result(one, "pass", (), _line(found.notes), seconds)


class _Said:
    """What a rule said, on all databases."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.left: list[str] = []
        self.asked = 0

    def gather(self, prefix: str, check: Callable[..., Iterator[str]], *arguments: Any) -> None:
        """Ask once."""
        self.asked += 1
        try:
            with warnings.catch_warnings():
                # Of what cannot be reflected (an expression in an index), which nobody asks for here.
                warnings.simplefilter("ignore", SAWarning)
                for said in check(*arguments):
                    (self.notes if isinstance(said, Note) else self.problems).append(prefix + said)
        except LeftOut as reason:
            self.left.append(f"{prefix}{reason}")
        except TalatatError as error:
            self.problems += [prefix + text for text in error.problems]
        except (Exception, SystemExit) as error:  # noqa: BLE001  # an addon's code may raise anything
            where = _where(error)
            self.problems.append(f"{prefix}{type(error).__name__}: {error} (at {where})")


def _line(texts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def _where(error: BaseException) -> str:
    """The innermost line of code that is neither a library's nor ours."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if not _is_library(one.filename)]
    chosen = (own or frames)[-1]
    return f"{shown_path(chosen.filename)}:{chosen.lineno}"


def _is_library(file: str) -> bool:
    path = Path(file)
    ours = Path(rules.__file__).parents[3]
    return "site-packages" in path.parts or path.is_relative_to(ours)
