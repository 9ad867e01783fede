"""A rule that cannot fail is no rule: each has an addon that breaks it, and as little else as can be."""

import os

import pytest

from talatat.testing.conformance import RULES, check

from .broken import BROKEN

# Asked of each addon only where all is asked for: they start processes, or plan and apply several times.
SLOW = {"every-order", "writes-nothing", "applies", "archived", "asleep", "rest-conventions"}


def test_every_rule_has_an_addon_that_breaks_it():
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("name", BROKEN)
def test_an_addon_that_breaks_one_rule_fails_it_and_no_other(workshop, name):
    broken = BROKEN[name]
    files = {}
    for file, pairs in broken.replace.items():
        files |= workshop.changed(file, *pairs)
    workshop.lamp({**files, **broken.files}, broken.metadata, **broken.options)
    accepting = os.environ.get("TALATAT_ACCEPT", "") not in ("", "0")
    asked = [one for one in RULES if accepting or one == name or one not in SLOW]
    report = check("lamp", beside=broken.beside, kinds=("sqlite",), only=asked)
    failed = {one.rule.id: one for one in report.failures}
    told = "\n".join(f"{one}: {result.problems}" for one, result in failed.items())
    assert set(failed) == {name} | (broken.also & set(asked)), told
    assert any(broken.said in text for text in failed[name].problems), told
    assert report.exit_code == 2
