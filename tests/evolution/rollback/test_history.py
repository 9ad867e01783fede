"""`talatat history`: what was applied, told by the database alone."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from talatat.evolution.history import details, history
from talatat.evolution.opening import open_database


@pytest.fixture
def applied(town):
    """Two releases and a way back."""
    return apply(town)


def apply(town):
    town.apply()
    town.execute("INSERT INTO shop_good VALUES (1, 'Lamp', 'bright')")
    town.release("1.1")
    town.execute("UPDATE shop_good SET slug = 'light'")
    assert town.rollback() == 0
    town.forget()
    town.uninstall()
    return town


def test_a_database_without_releases_says_so(town, capsys):
    assert town.run("history", town.ini) == 0
    assert "No release yet" in capsys.readouterr().out
    assert town.run("history", town.ini, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_each_release_tells_who_what_and_which_revisions(either, capsys):
    applied = apply(either)
    capsys.readouterr()
    assert applied.run("history", applied.ini, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert applied.imported == []
    assert [(one["number"], one["kind"], one["note"]) for one in found] == [
        (1, "apply", None),
        (2, "apply", None),
        (3, "rollback", "back to release 1"),
    ]
    assert [one["addons"] for one in found] == [
        [{"name": "shop", "version": "1.0"}],
        [{"name": "shop", "version": "1.1"}],
        [{"name": "shop", "version": "1.0"}],
    ]
    ran = [[f"{r['revision']} {r['direction']}" for r in one["revisions"]] for one in found]
    assert ran[0][-1] == "0001_goods up"
    assert ran[1:] == [["0002_slug up", "0003_fill up"], ["0003_fill down", "0002_slug down"]]
    assert all(one["who"] and one["plan"] and one["made_at"].endswith("Z") for one in found)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_a_terminal_breaks_no_date_and_no_plan(width, applied, capsys, monkeypatch):
    monkeypatch.setattr("talatat.cli.history.console", lambda: Console(width=width, soft_wrap=True))
    capsys.readouterr()
    assert applied.run("history", applied.ini) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= width
    for one in history(open_database(applied.ini)):
        moment = f"{one.release.made_at:%Y-%m-%d %H:%M:%S}"
        (line,) = (line for line in lines if line.split()[:1] == [str(one.release.number)])
        assert moment in line
        assert one.release.plan[:12] in line
        assert (one.release.kind or "apply") in line
    words = " ".join(lines).split()
    assert {"rollback", "1.1", "back"} <= {word.rstrip(";,") for word in words}


def test_the_table_and_one_release_in_full_tell_what_changed_and_how_to_go_back(applied, capsys):
    capsys.readouterr()
    assert applied.run("history", applied.ini) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "~ shop 1.0 -> 1.1" in lines[2]
    assert "2 up" in lines[2]
    assert "2 down" in lines[3]
    assert "back to release 1" in lines[3]
    assert applied.run("history", applied.ini, "3") == 0
    told = capsys.readouterr().out
    assert "Changes since release 2" in told
    assert "Kept for the way back" in told
    assert "shop_good (slug), kept by shop 0002_slug down: 1 rows" in told
    assert f"talatat rollback {applied.ini} --to 2" in told
    assert applied.run("history", applied.ini, "3", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["previous"] == 2
    assert [one["columns"] for one in found["kept"]] == [["slug"]]
    assert {one["section"] for one in found["changes"]} >= {"states"}
    assert applied.run("history", applied.ini, "7") == 1
    assert "there is no release 7" in capsys.readouterr().err
    # The file of a revision can be had when its package is gone.
    assert applied.run("history", applied.ini, "--text", "shop:0002_slug") == 0
    assert 'revision, down_revision, phase = "0002_slug"' in capsys.readouterr().out
    assert applied.run("history", applied.ini, "--text", "shop:0002_slug", "--json") == 0
    assert json.loads(capsys.readouterr().out)["revision"] == "0002_slug"
    assert applied.run("history", applied.ini, "--text", "shop:0009") == 1
    assert "These were: 0001_goods, 0002_slug, 0003_fill" in capsys.readouterr().err
    assert applied.run("history", applied.ini, "--text", "shelf:0001") == 1
    assert "Nothing of shelf was" in capsys.readouterr().err
    assert applied.run("history", applied.ini, "--text", "shop") == 1
    assert "say ADDON:REVISION" in capsys.readouterr().err


def test_what_a_contract_step_that_waited_ran_belongs_to_its_release(applied):
    """And what a plan that failed had run by then to the release after it."""
    applied.execute(
        "UPDATE talatat_ledger SET plan = 'another', phase = 'contract' WHERE revision = '0003_fill'"
        " AND direction = 'up'",
        "UPDATE talatat_ledger SET plan = 'another' WHERE revision = '0002_slug' AND direction = 'up'",
        "UPDATE talatat_release SET made_at = (SELECT started_at FROM talatat_ledger"
        " WHERE revision = '0003_fill' AND direction = 'up') WHERE number = 2",
    )
    opened = open_database(applied.ini)
    found = {
        one.release.number: [entry.revision for entry in one.entries] for one in history(opened)
    }
    assert found[2] == ["0002_slug", "0003_fill"]
    assert details(opened, 1).changes
    opened.database.dispose()
