"""Asks every check about every resource of a server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from talatat.testing.rest import checks as _all  # noqa: F401  # importing it registers them
from talatat.testing.rest.case import Case
from talatat.testing.rest.described import Kind
from talatat.testing.rest.model import (
    CHECKS,
    SERVER,
    Check,
    Failed,
    NotApplicable,
    Reason,
    Report,
    Result,
)
from talatat.testing.rest.server import Server

Progress = Callable[[Result], object]


def run(
    server: Server,
    *,
    only: Collection[str] | None = None,
    families: Collection[str] | None = None,
    about: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask the checks and return what came of them.

    `only` names checks, `families` families of them, `about` resources ("catalog.products"); None is all.
    `progress` is called with each result. Raises Failed where /api or the document cannot be read.
    """
    wanted = [
        one
        for one in CHECKS.values()
        if (only is None or one.id in only) and (families is None or one.family in families)
    ]
    names = set(server.kinds if about is None else about)
    report = Report()

    def note(result: Result) -> None:
        report.results.append(result)
        if progress is not None:
            progress(result)

    first = next(iter(server.kinds.values()), None)
    for one in wanted:
        if one.once and first is not None:
            note(ask(one, Case(server, first), SERVER))
    for name, kind in server.kinds.items():
        if name in names:
            case = Case(server, kind)
            for one in wanted:
                if not one.once:
                    note(ask(one, case, name))
    return report


def ask(one: Check, case: Case, about: str) -> Result:
    """Ask one check about one resource."""
    try:
        _applies(one, case)
        one.run(case)
    except NotApplicable as reason:
        return Result(one, about, "not applicable", str(reason), reason=reason.reason)
    except Failed as fault:
        return Result(one, about, "failed", str(fault), str(fault.answer or ""))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # What came back has not the shape that the document promises.
        last = case.kept[-1] if case.kept else ""
        return Result(one, about, "failed", f"{type(error).__name__}: {error}", str(last))
    return Result(one, about, "passed")


def _applies(one: Check, case: Case) -> None:
    if one.capability is not None and one.capability not in case.server.capabilities:
        raise NotApplicable(Reason.CAPABILITY, f"/api does not list {one.capability}")
    case.needs(*one.needs)


__all__ = ["Kind", "Progress", "ask", "run"]
