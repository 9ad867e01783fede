"""`talatat cost`: what it prints for people and machines, and what it says where there is nothing."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from talatat.cli import cost as cli_cost
from talatat.cli.main import main
from talatat.db.types import utcnow
from talatat.testing import composed, write_ini
from talatat.web.costs.counting import HOUR, Cost, ICosts

NOW = int(time.time()) // HOUR
MS = 10**6
COUNTED = {
    (NOW, "catalog", "catalog.products", "GET"): Cost(
        90, 2, 0, 0, 900 * MS, 450 * MS, 180, 70 * MS
    ),
    (NOW, "catalog", "catalog.products", "POST"): Cost(10, 1, 3, 1, 300 * MS, 90 * MS, 60, 95 * MS),
    (NOW, "talatat", "", "GET"): Cost(1000, 1000, 0, 0, 800 * MS, 800 * MS, 0, 2 * MS),
    (NOW - 60, "catalog", "catalog.products", "GET"): Cost(7, 0, 0, 0, 7 * MS, 7 * MS, 7, MS),
}


@pytest.fixture(scope="module")
def counted():
    """A system whose requests were counted, in this hour and two days ago."""
    with composed(["catalog"]) as system:
        system.app.get("/api", status=200)
        costs = system.registry.getUtility(ICosts)
        costs.reset()
        for key, one in COUNTED.items():
            costs.add(key, one)
        assert costs.flush()
        yield system


@pytest.fixture
def cost(counted, capsys):
    def run(*arguments, code=0):
        assert main(["cost", counted.ini, *arguments]) == code
        return capsys.readouterr()

    return run


def rows(out):
    """The cells of the table, by the names of its lines."""
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("addon"))
    return [line.split() for line in lines[start + 1 :]]


def test_addons_are_told_with_their_share_the_dearest_first(cost):
    said = cost()
    head, _, titles, *_ = said.out.splitlines()
    assert head.startswith("What requests cost from 20")
    assert head.endswith(" UTC, counted by 1 process:")
    assert titles.split()[:3] == ["addon", "share", "seconds"]
    assert rows(said.out) == [
        ["catalog", "60.0%", "1.20", "100", "12.00", "95.0", "5.40", "2.4", "3", "3", "1"],
        ["talatat", "40.0%", "0.80", "1,000", "0.80", "2.0", "0.80", "0.0", "1,000", "0", "0"],
        ["all", "100.0%", "2.00", "1,100", "1.82", "95.0", "1.22", "0.2", "1,003", "3", "1"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("time", ["catalog", "catalog.products", "GET"]),
        ("cpu", ["talatat", "(no", "route)"]),
        ("statements", ["catalog", "catalog.products", "GET"]),
        ("errors", ["catalog", "catalog.products", "POST"]),
        ("requests", ["talatat", "(no", "route)"]),
    ],
)
def test_routes_come_in_the_order_that_is_asked_for(cost, sort, first):
    found = rows(cost("--by", "route", "--sort", sort).out)
    assert found[0][:3] == first
    assert len(found) == 4


def test_one_addon_is_told_alone_against_the_time_of_all(cost):
    (line, total) = rows(cost("--addon", "talatat").out)
    assert (line[:2], total[:2]) == (["talatat", "40.0%"], ["all", "100.0%"])
    assert "No request of orders since" in cost("--addon", "orders").out


def test_machines_get_the_same_numbers(cost, counted):
    found = json.loads(cost("--json", "--by", "route").out)
    assert found["total"]["requests"] == 1100
    line = next(one for one in found["costs"] if one["method"] == "POST")
    assert (line["mean_ms"], line["statements_per_request"], line["share"]) == (30.0, 6.0, 0.15)
    counted.sign_in("ann", "talatat.costs")
    assert counted.app.get("/api/costs?by=route").json == found


def test_a_longer_period_has_more(cost):
    assert rows(cost("--since", "3d").out)[0][3] == "107"
    assert rows(cost("--since", "72h").out)[0][3] == "107"
    said = cost("--since", "soon", code=1)
    assert "--since soon: write hours or days, such as 24h or 7d." in said.err


def test_a_narrow_terminal_is_not_filled_with_halves_of_words(cost, monkeypatch, capsys):
    monkeypatch.setattr(cli_cost, "console", lambda: Console(width=80, soft_wrap=True))
    out = cost("--by", "route").out
    assert max(len(line) for line in out.splitlines()[1:]) <= 80
    assert "catalog.products" in out


def test_a_database_that_is_not_there_or_without_the_table_says_what_makes_it(tmp_path, capsys):
    ini = write_ini(tmp_path, ["catalog"], f"sqlite:///{tmp_path}/db.sqlite")
    assert main(["cost", ini]) == 1
    assert "db.sqlite is not there. See what would be made: talatat plan" in capsys.readouterr().err
    assert not (tmp_path / "db.sqlite").exists()
    (tmp_path / "db.sqlite").touch()
    assert main(["cost", ini]) == 1
    said = capsys.readouterr().err
    assert "has no table talatat_cost" in said
    assert "talatat plan" in said


def test_where_nothing_was_counted_it_says_why(capsys):
    for setting, why in (
        ("true", "No request was counted yet. A process that serves writes"),
        ("false", "says talatat.costs = false. Take the line away"),
    ):
        with composed(settings={"talatat.costs": setting}) as system:
            assert main(["cost", system.ini]) == 0
            said = capsys.readouterr().out
            assert why in said
            if setting == "false":
                number = (
                    Path(system.ini).read_text().splitlines().index("talatat.costs = false") + 1
                )
                assert f"test.ini:{number} says" in said


def test_where_all_is_older_it_says_since_when(counted, cost, monkeypatch):
    later = utcnow() + dt.timedelta(days=5)
    monkeypatch.setattr(cli_cost, "utcnow", lambda: later)
    assert "There is something since 20" in cost().out
    assert rows(cost("--since", "14d").out)[0][3] == "107"
