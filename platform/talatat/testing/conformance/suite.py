"""The suite in an addon's own tests, one test a rule.

from talatat.testing.conformance import conformance

test_conformance = conformance("shelf")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from talatat.testing.conformance.model import Result, Rule, Tier
from talatat.testing.conformance.places import KINDS
from talatat.testing.conformance.subject import Given, Subject

if TYPE_CHECKING:
    import pytest


def conformance(
    addon: str,
    *,
    tier: str = Tier.PLATINUM,
    beside: Sequence[str] | None = None,
    kinds: tuple[str, ...] = KINDS,
    settings: Mapping[str, str] | None = None,
    rows: Given | None = None,
    conventions_on: Sequence[str] | None = None,
) -> Callable[..., None]:
    """Return a test function that pytest runs once for each rule up to `tier`; see `Subject` for the rest.

    What the rules share (databases, a composed system) is made at the first test and kept until the
    session ends. A rule that is left out is a skipped test; where `CI` is set it fails.
    """
    import pytest

    from talatat.testing.conformance import rules

    wanted = [one for one in rules.RULES.values() if _is_within(one, Tier(tier))]
    asker = _Asker(
        addon,
        beside=beside,
        kinds=kinds,
        settings=settings,
        rows=rows,
        conventions_on=conventions_on,
    )

    def test(rule: Rule, request: pytest.FixtureRequest) -> None:
        result = asker.ask(rule, request.config)
        if result.state == "fail":
            lines = "\n".join(f"  - {text}" for text in result.problems)
            pytest.fail(f"{addon}: {rule.title}\n{lines}\nTo mend it: {rule.mend}", pytrace=False)
        if result.state == "left out":
            unasked(result)

    test.__doc__ = f"Rules of the conformance suite, for the addon {addon}."
    marked = pytest.mark.parametrize("rule", wanted, ids=[one.id for one in wanted])(test)
    if find_spec("xdist") is not None:  # what the rules share is made in one worker
        marked = pytest.mark.xdist_group(f"conformance of {addon}")(marked)
    found: Callable[..., None] = marked
    return found


def _is_within(one: Rule, tier: Tier) -> bool:
    tiers = list(Tier)
    return tiers.index(one.tier) <= tiers.index(tier)


def unasked(result: Result) -> None:
    """Skip the test of a rule that was left out; fail it where `CI` is set."""
    import pytest

    if os.environ.get("CI"):
        pytest.fail(f"{result.said}; CI leaves nothing out", pytrace=False)
    pytest.skip(result.said)


class _Asker:
    """Asks rules about one subject, which lives as long as the session of tests."""

    def __init__(self, addon: str, **said: Any) -> None:
        self.addon, self.said = addon, said
        self._subject: Subject | None = None

    def ask(self, one: Rule, config: pytest.Config) -> Result:
        """Ask one rule."""
        from talatat.testing.conformance.runner import ask

        if self._subject is None:
            self._subject = Subject(self.addon, **self.said)
            config.add_cleanup(self._subject.close)
            self._subject.prepare()
        result = ask(one, self._subject)
        if one.each and self._subject.left_out and result.state == "pass" and os.environ.get("CI"):
            return Result(one, "left out", said="; ".join(self._subject.left_out.values()))
        return result
