"""Commands that change something tell of it; addons bring commands of their own."""

from importlib.metadata import EntryPoint

import click
import pytest

from talatat.cli import main as cli
from talatat.cli import telling
from talatat.cli.main import main
from talatat.cli.telling import remember, told
from talatat.db.origin import Origin, origin, who
from talatat.errors import TalatatError
from talatat.testing.composed import write_ini

RUNS = []
ORIGINS = []


def observe(run, database):
    """What an addon names in `talatat.command_observers`."""
    RUNS.append((run, database.url.database))


def failing(run, database):
    raise RuntimeError("no table")


@click.command(name="catalog")
@click.argument("ini")
@click.option("--code", type=int, default=0)
@click.option("--url")
@click.option("--fail")
@told
def brought(ini, code, url, fail):
    """A command of an addon's own."""
    ORIGINS.append(origin())
    remember(rows=3)
    if fail:
        raise TalatatError(fail)
    return code


@pytest.fixture
def ini(tmp_path):
    return write_ini(tmp_path, ["catalog"], f"sqlite:///{tmp_path}/db.sqlite")


@pytest.fixture
def groups(monkeypatch):
    """What distributions name in the two groups; tests add to it."""
    found = {
        "talatat.commands": [EntryPoint("catalog", f"{__name__}:brought", "talatat.commands")],
        "talatat.command_observers": [EntryPoint("catalog", "x:observe", "x")],
    }

    def entry_points(group):
        return found[group]

    monkeypatch.setattr(cli, "entry_points", entry_points)
    monkeypatch.setattr(telling, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda one: globals()[one.attr])
    RUNS.clear()
    ORIGINS.clear()
    return found


def test_an_addon_brings_a_command_and_help_tells_whose_it_is(groups, ini, capsys):
    assert main(["catalog", ini]) == 0
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "Commands of addons" in out
    assert f"of {__name__}" in " ".join(out.split())


def test_a_command_of_the_platform_is_not_replaced(groups, ini, capsys):
    groups["talatat.commands"] = [EntryPoint("history", f"{__name__}:brought", "x")]
    assert main(["history", ini]) == 0
    assert ORIGINS == []


def test_an_observer_learns_who_ran_what_and_how_it_ended(groups, ini):
    url = "postgresql://ann:canary@db/shop"
    assert main(["catalog", ini, "--url", url]) == 0
    ((run, database),) = RUNS
    assert (run.name, run.ini, run.who) == ("talatat catalog", ini, who())
    assert (run.outcome, run.exit_code, run.reason) == ("succeeded", 0, None)
    assert run.details == {"rows": 3}
    assert run.arguments == {"url": "postgresql://ann:********@db/shop"}
    assert database.endswith("db.sqlite")
    assert [Origin("command", who(), "talatat catalog")] == ORIGINS


@pytest.mark.parametrize(
    ("code", "outcome"), [(1, "failed"), (2, "succeeded"), (3, "refused"), (7, "failed")]
)
def test_the_exit_code_is_the_outcome(groups, ini, code, outcome):
    assert main(["catalog", ini, "--code", str(code)]) == code
    assert [(run.outcome, run.exit_code) for run, _ in RUNS] == [(outcome, code)]


def test_an_error_is_told_with_its_words_and_still_raised(groups, ini, capsys):
    assert main(["catalog", ini, "--fail", "postgresql://a:canary@x is down"]) == 1
    ((run, _),) = RUNS
    assert (run.outcome, run.exit_code) == ("failed", None)
    assert run.reason == "TalatatError: postgresql://a:********@x is down"
    assert "is down" in capsys.readouterr().err


def test_an_observer_that_fails_changes_nothing_and_the_run_is_printed(groups, ini, capsys):
    groups["talatat.command_observers"] = [EntryPoint("catalog", "x:failing", "x")]
    assert main(["catalog", ini]) == 0
    said = capsys.readouterr().err
    assert "catalog was not told of this run (no table)" in said
    assert '"talatat catalog"' in said


def test_addons_that_are_not_composed_are_not_told(groups, ini, tmp_path):
    groups["talatat.command_observers"] = [EntryPoint("orders", "x:observe", "x")]
    assert main(["catalog", ini]) == 0
    groups["talatat.command_observers"] = [EntryPoint("catalog", "x:observe", "x")]
    assert main(["catalog", str(tmp_path / "nowhere.ini")]) == 0
    assert RUNS == []


def test_a_command_that_changes_something_with_an_option_only_tells_only_then(groups, ini):
    @click.command()
    @click.argument("ini")
    @click.option("--repair", is_flag=True)
    def command(ini, repair):
        return telling.told(lambda ini, repair: 0, when=("repair",))(ini=ini, repair=repair)

    command.main([ini], standalone_mode=False)
    assert RUNS == []
    command.main([ini, "--repair"], standalone_mode=False)
    assert len(RUNS) == 1
