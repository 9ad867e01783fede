"""Kill it anywhere: apply again, and what is there is what an undisturbed apply would have left.

`make test` takes a few points of a few plans, `make accept` all of all (tests/accept/test_kills.py).
"""

import pytest
from killing.corpus import PLANS
from killing.interrupting import FAILED
from killing.lab import Lab
from killing.sweeping import sweep

from talatat.evolution.apply.applying import carry_out_prepared
from talatat.evolution.plan.files import from_json
from talatat.testing import PostgreSQL

SAMPLE = ("all at once", "a backfill that may run once only")


@pytest.mark.parametrize("plan", SAMPLE)
def test_a_plan_that_is_interrupted_converges_when_it_is_applied_again(
    plan, server, shelf, tmp_path
):
    struck = sweep(Lab(shelf, plan, server, tmp_path), most=2)
    assert min(struck.values()) >= 2


@pytest.mark.parametrize("point", [3, 9])
def test_a_server_that_restarts_in_the_middle_is_told_and_apply_goes_on_afterwards(
    point, postgresql_server, shelf, tmp_path
):
    with PostgreSQL() as own:
        lab = Lab(shelf, "all at once", own, tmp_path)
        undisturbed = lab.copy()
        wanted = lab.applied(undisturbed)
        url = lab.copy()
        outcome = lab.interrupt(url, "restart", point)
        assert outcome.code == FAILED, outcome.text
        assert "cannot be reached" in outcome.text or "apply` again" in outcome.text
        assert lab.applied(url) == wanted


def test_a_saved_plan_of_an_empty_database_goes_on_after_it_was_killed(server, shelf, tmp_path):
    lab = Lab(shelf, "a table", server, tmp_path)
    url = lab.empty()
    saved = lab.prepared(url).plan
    # The platform's own tables come first: from the fourteenth point on they are there.
    outcome = lab.interrupt(url, "kill", 40)
    assert outcome.reached
    assert not lab.prepared(url).plan.empty
    carry_out_prepared(lab.prepared(url), from_json(saved.as_json()))
    assert lab.prepared(url).plan.empty


def test_the_corpus_holds_plans_of_every_kind():
    assert len(PLANS) >= 25
    phases = {one.phase for plan in PLANS.values() for one in plan}
    assert phases == {"expand", "data", "contract"}
