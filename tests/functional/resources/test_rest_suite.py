"""The black-box suite of the conventions, asked of resources of every kind; and over a socket."""

import pytest

from talatat.testing.rest import CHECKS, Reason, run
from talatat.testing.rest.inside import running_of, server_of

THINGS = "store.things"


@pytest.fixture
def running(request, kept):
    return running_of(kept.system(request, "sqlite", "stars", "moons"), "store")


def test_there_are_more_than_150_checks_and_each_says_which_row_it_shows():
    assert len(CHECKS) >= 150
    assert all(one.title and one.row for one in CHECKS.values())
    assert len({one.family for one in CHECKS.values()}) >= 25


def test_every_check_holds_of_resources_with_extensions_actions_and_required_preconditions(running):
    report = run(server_of(running))
    assert [one[:900] for one in report.problems()] == []
    assert [one.name for one in report.unasked] == []
    assert {one.about for one in report.results} == {"server", THINGS, "store.boxes"}
    reasons = {one.reason for one in report.of("not applicable")}
    assert reasons <= {Reason.OPERATION, Reason.CAPABILITY, Reason.DECLARATION}
