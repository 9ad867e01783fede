"""A run that was stopped goes on; one of another commit or plan begins anew."""

import json

from bench.data.known import Shop
from bench.results import begun, read

from .conftest import ABOUT, PLAN


def test_what_is_kept_comes_back_as_it_was(results, tmp_path):
    file = tmp_path / "results.json"
    results.write(file)
    assert read(file) == results
    assert [one.name for one in tmp_path.iterdir()] == ["results.json"]


def test_a_stopped_run_goes_on_and_tries_again_what_failed(results, tmp_path):
    file = tmp_path / "results.json"
    results.write(file)
    found = begun(file, PLAN, ABOUT)
    assert found.has("closed", "search", "talatat", 2)
    assert not found.has("closed", "search", "talatat", 3)
    assert not found.out("django")


def test_samples_of_another_commit_plan_or_shop_are_not_mixed_in(results, tmp_path):
    file = tmp_path / "results.json"
    assert begun(file, PLAN, ABOUT) is None
    results.write(file)
    assert begun(file, {**PLAN, "name": "full"}, ABOUT) is None
    for name, other in (("commit", "fff"), ("changed", True), ("machine", "another"), ("shop", {})):
        assert begun(file, PLAN, {**ABOUT, name: other}) is None
    assert begun(file, PLAN, {**ABOUT, "load": 9.9, "at": "later"}) is not None


def test_a_peer_that_failed_in_one_flow_is_asked_in_the_others(results):
    results.fail("talatat", "search", "broke")
    assert results.out("talatat", "search")
    assert not results.out("talatat", "checkout")
    assert results.out("django", "checkout")


def test_results_are_plain_json(results, tmp_path):
    file = tmp_path / "results.json"
    results.write(file)
    assert json.loads(file.read_text())["failed"] == {
        "django": {"agreement": "search Cable of HP:\n| is not |"}
    }


def shop(history):
    return Shop("here", 10, history, "token", [], [], [])


def test_the_deep_page_has_a_whole_page_after_it():
    from bench.measure.depth import depth_of

    for history in (1_000_000, 50_000, 1021, 1020):
        assert 20 < history - depth_of(shop(history)) <= 521
    assert depth_of(shop(1_000_000)) == 999_500
