"""Which revisions a rollback undoes, and what an operator is told to do afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from talatat.evolution.graph import Graph, Revision
from talatat.evolution.ledger import Entry, Ledger
from talatat.evolution.model import Step
from talatat.evolution.observed import Release
from talatat.evolution.opening import open_database
from talatat.evolution.rollback import Prepared, afterwards
from talatat.evolution.rollback.planning import dangling
from talatat.evolution.rollback.target import undone

START = datetime(2026, 1, 1, tzinfo=UTC)
# Two lines of `a` that were merged, and `b`, whose second revision builds on one of them.
REVISIONS = {
    ("a", "1"): ((), {}),
    ("a", "2"): (("1",), {}),
    ("a", "2x"): (("1",), {}),
    ("a", "3"): (("2", "2x"), {}),
    ("b", "1"): ((), {"a": "1"}),
    ("b", "2"): (("1",), {"a": "2x"}),
}


def entry(position, key, **more):
    now = START + timedelta(minutes=position)
    values = {
        "position": position, "addon": key[0], "revision": key[1], "direction": "up",
        "phase": "expand", "down": [], "requires": {}, "version": None, "plan": "old",
        "checksum": "", "text": "", "reversible": "reversible", "started_at": now,
        "finished_at": now, "who": "", "lock_wait_ms": 0,
    }  # fmt: skip
    return Entry(**{**values, **more})


def release(heads, plan="old", minutes=90.0, **surface):
    addons = [{"name": name, "version": "1", "distribution": f"x-{name}"} for name in heads]
    made_at = START + timedelta(minutes=minutes)
    return Release(1, made_at, "me", {"addons": addons, "heads": heads, **surface}, "apply", plan)


def going(heads, target, ledger=None):
    revisions = {
        key: Revision(*key, down, requires, "expand", Path("x.py"))
        for key, (down, requires) in REVISIONS.items()
    }
    graph = Graph(revisions, {"a": 0, "b": 1}, {}, {"a": Path(), "b": Path()})
    ledger = ledger or Ledger(tuple(entry(n, key) for n, key in enumerate(REVISIONS, 1)))
    entries, problems = undone(ledger, graph, heads, target)
    return [str(one) for one in entries], problems


def test_one_of_two_lines_is_undone_and_what_builds_on_it_in_an_addon_that_sleeps():
    heads = {"a": ["3"], "b": ["2"]}
    assert going(heads, release({"a": ["2"]}))[0] == ["b 2", "a 3", "a 2x"]
    assert going(heads, release({"a": ["2", "2x"]}))[0] == ["a 3"]
    assert going(heads, release({"b": ["1"]}))[0] == ["b 2"]
    assert going({"a": ["3"]}, release({"a": ["2"], "b": ["2"]}))[0] == ["a 3", "a 2x"]


def test_a_contract_step_that_never_ran_does_not_undo_what_was_there():
    """The heads of the release are not known to the ledger: what was run by then stays."""
    target = release({"a": ["9"]}, minutes=3.5)
    assert going({"a": ["3"]}, target) == ([], [])
    rows = [entry(n, key, plan="new" if n > 3 else "old") for n, key in enumerate(REVISIONS, 1)]
    assert going({"a": ["3"]}, target, Ledger(tuple(rows))) == (["a 3"], [])


def test_a_release_that_is_ahead_is_no_way_back():
    rows = [entry(1, ("a", "1")), entry(2, ("a", "2")), entry(3, ("a", "2"), direction="down")]
    found, problems = going({"a": ["1"]}, release({"a": ["2"]}), Ledger(tuple(rows)))
    assert found == []
    assert "addon a stood at revision 2 there" in problems[0]
    assert "Install a 1 and run talatat apply" in problems[0]


def test_a_table_that_still_leads_to_one_that_goes_speaks_against_it():
    key = SimpleNamespace(columns=("a_id",), target_table="a_thing")
    tables = {name: SimpleNamespace(foreign_keys=(key,)) for name in ("a_part", "b_part", "c_part")}
    keeps = (
        {"table": "a_thing", "whole": True, "columns": []},
        {"table": "a_part", "whole": True, "columns": []},
        {"table": "b_part", "whole": False, "columns": ["a_id"]},
    )
    steps = [Step("downgrade", "a", "2", keeps=keeps)]
    (found,) = dangling(SimpleNamespace(tables=tables), steps)
    assert "c_part" in found.text
    assert "a_thing" in found.text


@pytest.fixture
def made(addons, sqlite_url):
    addons.write("a", {})
    ini = addons.ini("a", url=sqlite_url, **{"a.new": "1", "a.size": "20", "a.same": "x"})
    then = {"a.size": {"addon": "a", "value": "x"}, "a.same": {"addon": "a", "value": "y"}}
    then |= {"a.plain": {"addon": "a", "value": "default"}}
    now = {**then, "a.new": {"addon": "a", "value": "z"}, "a.size": {"addon": "a", "value": "w"}}
    now |= {"a.plain": {"addon": "a", "value": "changed"}}
    target = release({"a": []}, settings=then, platform="0.9")
    last = release({"a": []}, settings=now, platform="1.0")
    opened = open_database(ini)
    yield Prepared(opened, None, None, last, target)
    opened.database.dispose()


def test_versions_lines_and_settings_are_told_with_their_places(made):
    told = afterwards(made)
    assert told.install == "pip install 'x-a==1'"
    deleted, plain, size = told.edits
    assert deleted.endswith("delete a.new, which that version does not know")
    assert ".ini:" in deleted
    assert plain.endswith("a.plain had its default")
    assert size.endswith("a.size had another value")
    assert "talatat stays at 1.0 (it was 0.9)" in told.notes[0]
    assert told.as_json()["pins"] == ("x-a==1",)
    bare = Prepared(made.opened, None, None, release({}), release({"a": []}))
    assert afterwards(bare).edits == ()
