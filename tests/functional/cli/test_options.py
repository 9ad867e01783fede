"""`--safe` and `--without ADDON`: commands go round an addon that fails."""

import json
import shutil

import pytest

from talatat.cli.main import main
from talatat.cli.options import Choice
from talatat.errors import CompositionError

BROKEN = {"__init__.py": "raise RuntimeError('not today')\n"}


@pytest.fixture
def broken(shelf, sqlite_url):
    shelf.write("bad", BROKEN)
    shelf.write("worse", {}, requires=("bad",))
    return shelf.ini("shelf", "bad", "worse", url=sqlite_url)


def test_a_command_that_composes_fails_with_a_broken_addon_and_not_without_it(broken, capsys):
    assert main(["why", broken, "shelf_book"]) == 1
    assert "not today" in capsys.readouterr().err
    assert main(["why", broken, "shelf_book", "--without", "bad"]) == 0
    said = capsys.readouterr().err
    assert "without bad: left out by request" in said
    assert "without worse: requires bad, which is left out" in said


def test_safe_leaves_out_what_fails_whatever_the_ini_says(broken, capsys):
    assert main(["why", broken, "shelf_book", "--safe"]) == 0
    said = capsys.readouterr().err
    assert "without bad: " in said
    assert "not today" in said
    assert Choice(safe=True).left_out(broken) == ("bad", "worse")
    assert Choice(without=("shelf",)).left_out(broken) == ("shelf",)


def test_safe_and_without_go_round_an_addon_that_is_not_installed(shelf, sqlite_url, capsys):
    package = shelf.write("gone", {})
    shelf.write("needy", {}, requires=("gone",))
    ini = shelf.ini("shelf", "gone", "needy", url=sqlite_url)
    shutil.rmtree(shelf.folder / f"{package}-1.0.dist-info")
    assert main(["addons", ini]) == 1
    assert "there is no addon 'gone'" in capsys.readouterr().err
    assert main(["addons", ini, "--safe", "--json"]) == 0
    rows = {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert (rows["shelf"], rows["needy"]) == ("listed", "left out")
    assert "gone" not in rows
    # Without one of them the other is told still.
    assert main(["addons", ini, "--without", "gone"]) == 1
    assert "which is not installed" in capsys.readouterr().err
    assert main(["addons", ini, "--without", "gone", "--without", "needy"]) == 0


def test_a_critical_addon_that_fails_is_not_left_out_by_safe(shelf, sqlite_url):
    shelf.write("bad", BROKEN, critical=True)
    ini = shelf.ini("shelf", "bad", url=sqlite_url)
    with pytest.raises(CompositionError, match="is critical"):
        Choice(safe=True).compose(ini)
    assert Choice(without=("bad",)).compose(ini).registry.system.composition.names == ("shelf",)


def test_who_is_not_composed_cannot_be_left_out(shelf, sqlite_url, capsys):
    assert main(["addons", shelf.ini("shelf", url=sqlite_url), "--without", "nobody"]) == 1
    assert "--without or TALATAT_WITHOUT names nobody" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["addons", "why", "load", "bisect", "plan", "apply", "revision", "doctor"]
)
def test_every_command_that_composes_takes_both(name, capsys):
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert "--safe" in out
    assert "--without ADDON" in out
