"""The checks for pytest: `test_rest = conventions("shelf")`, one test a family.

What `talatat check` asks as one rule is told here family by family, for people who mend something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from talatat.testing.rest.inside import Given, running_addon, server_of
from talatat.testing.rest.model import CHECKS, Report, Result
from talatat.testing.rest.runner import run

if TYPE_CHECKING:
    import pytest


def conventions(
    addon: str,
    *,
    beside: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    rows: Given | None = None,
    bodies: Given | None = None,
    url: str | None = None,
) -> Callable[..., None]:
    """Return a test function that pytest runs once for each family of checks.

    They are asked of the resources of an addon, and of those that it extends, composed with what it
    requires and what stands `beside` it, on an empty database at `url` (SQLite where None). `rows` are
    values of columns, by table, `bodies` values of fields, by resource ("shelf.books"), that nobody could
    guess. Families without anything to ask are skipped tests.
    """
    import pytest

    families = list(dict.fromkeys(one.family for one in CHECKS.values()))
    asker = _Asker(addon, bodies, beside=beside, settings=settings, rows=rows, url=url)

    def test(family: str, request: pytest.FixtureRequest) -> None:
        found = asker.of(family, request.config)
        failed = [one for one in found if one.state == "failed"]
        if failed:
            pytest.fail("\n".join(Report(failed).problems()), pytrace=False)
        if not any(one.state == "passed" for one in found):
            pytest.skip("; ".join(dict.fromkeys(one.said for one in found)))

    test.__doc__ = f"Conventions of the interface, for the addon {addon}."
    marked = pytest.mark.parametrize("family", families)(test)
    if find_spec("xdist") is not None:  # what they share is made in one worker
        marked = pytest.mark.xdist_group(f"conventions of {addon}")(marked)
    asked: Callable[..., None] = marked
    return asked


class _Asker:
    """Asks all at the first question, and keeps what came of it."""

    def __init__(self, addon: str, bodies: Given | None, **said: Any) -> None:
        self.addon, self.bodies, self.said = addon, bodies, said
        self._report: Report | None = None

    def of(self, family: str, config: pytest.Config) -> list[Result]:
        """What came of one family."""
        if self._report is None:
            with ExitStack() as stack:
                running = stack.enter_context(running_addon(self.addon, **self.said))
                names = [one.full_name for one in running.resources()]
                self._report = run(server_of(running, self.bodies), about=names)
        return [one for one in self._report.results if one.check.family == family]
