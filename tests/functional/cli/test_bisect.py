"""`talatat bisect`: the addon, or the addons, that make a command fail."""

import json
import shlex
import sys

import pytest

from talatat.cli.bisect import find
from talatat.cli.main import main

NAMES = [f"addon{number:02}" for number in range(16)]


@pytest.fixture
def ini(addons, sqlite_url):
    for number, name in enumerate(NAMES):
        # Every third requires the first one, so that sets have to be closed.
        addons.write(name, {}, requires=(NAMES[0],) if number and number % 3 == 0 else ())
    return addons.ini(*NAMES, url=sqlite_url)


def failing(condition):
    """A command that fails when `condition` holds of `composed`, the set of addons that are left."""
    script = (
        "import os, sys\n"
        f"composed = set({NAMES!r}) - set(os.environ['TALATAT_WITHOUT'].split())\n"
        f"if {condition}: sys.exit('broken with ' + ' '.join(sorted(composed)))"
    )
    return [sys.executable, "-S", "-c", script]


def test_a_single_culprit_is_found_by_halving(ini, capsys):
    assert main(["bisect", ini, "--json", "--", *failing("'addon11' in composed")]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["found"] == ["addon11"]
    assert "broken with addon11" in told["said"]
    assert len(told["tries"]) <= 2 + 4 + 2  # all and none, log2(16), and the proof
    assert said.err.count("try ") == len(told["tries"])


def test_a_pair_that_fails_only_together_is_found(ini, capsys):
    assert main(["bisect", ini, "--", *failing("{'addon03', 'addon13'} <= composed")]) == 0
    out = capsys.readouterr().out
    assert "addon03 and addon13, together, make it fail" in out


def test_what_an_addon_requires_is_blamed_rather_than_the_addon(ini, capsys):
    assert main(["bisect", ini, "--json", "--", *failing("'addon00' in composed")]) == 0
    assert json.loads(capsys.readouterr().out)["found"] == ["addon00"]


def test_nothing_is_found_where_it_passes_or_fails_without_any_addon(ini, capsys):
    assert main(["bisect", ini, "--", *failing("False")]) == 2
    assert "does not fail with all 16 addons" in capsys.readouterr().out
    assert main(["bisect", ini, "--", *failing("True")]) == 2
    assert "fails with the platform alone" in capsys.readouterr().out


def test_a_try_without_an_end_has_failed(ini, capsys):
    command = failing("'addon01' in composed and __import__('time').sleep(20)")
    assert main(["bisect", ini, "--timeout", "0.7", "--", *command]) == 0
    said = capsys.readouterr()
    assert "no end in time" in said.err
    assert "addon01 makes it fail" in said.out


def test_a_terminal_is_shown_that_a_try_is_being_made(ini, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["bisect", ini, "--", *failing("'addon01' in composed")]) == 0


def test_a_command_that_is_not_there_is_told(ini, capsys):
    assert main(["bisect", ini, "--", "no-such-program"]) == 1
    assert "no command that can be run" in capsys.readouterr().err


def test_an_addon_that_cannot_be_imported_is_found_by_a_command_of_talatat(
    addons, sqlite_url, capsys
):
    addons.write("good", {})
    addons.write("bad", {"__init__.py": "raise RuntimeError('not today')\n"})
    ini = addons.ini("good", "bad", url=sqlite_url)
    script = f"import sys; sys.path.insert(0, {str(addons.folder)!r}); "
    script += "from talatat.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-W", "ignore", "-c", script, "why", "{ini}", "/livez"]
    assert main(["bisect", ini, "--json", "--", *command]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["found"] == ["bad"]
    assert "not today" in told["said"], shlex.join(command)


def test_more_addons_than_needed_are_never_blamed(addons, sqlite_url):
    for name in "abcd":
        addons.write(name, {})
    composition = addons.composition(*"abcd", url=sqlite_url)
    # `d` alone is enough, and so is `a` with `b`: an answer has to be minimal, either of the two.
    found = find(composition, lambda left: "d" in left or {"a", "b"} <= left)
    assert found in (["d"], ["a", "b"])
    # `c` makes it fail, but not while `a` is there: no order of growing is assumed to be safe.
    found = find(composition, lambda left: "c" in left and ("a" not in left or "b" in left))
    assert found == ["c"]
