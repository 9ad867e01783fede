"""The command line: what it prints for people and machines, and the exit codes that it promises."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from talatat.cli import main as cli
from talatat.cli.main import main
from talatat.testing.composed import write_ini


@pytest.fixture
def ini(tmp_path: Path) -> str:
    return write_ini(tmp_path, ["orders"], f"sqlite:///{tmp_path}/db.sqlite")


def test_addons_lists_order_state_and_place_for_people(ini, capsys):
    assert main(["addons", ini]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert ["1", "catalog", "1.0.0", "implied"] in [line[:4] for line in lines]
    assert ["2", "orders", "1.0.0", "listed", "catalog"] in [line[:5] for line in lines]
    assert "2 composed" in out


def test_addons_as_json_tells_installed_ones_too(ini, capsys):
    assert main(["addons", ini, "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["catalog"]["order"], rows["catalog"]["state"]) == (1, "implied")
    assert rows["orders"]["requires"] == ["catalog"]
    assert rows["loyalty"]["state"] == "available"


def test_apply_says_what_it_runs_and_then_has_nothing_to_do(ini, capsys):
    assert main(["apply", ini, "--yes"]) == 0
    assert "orders 0001_orders" in capsys.readouterr().out
    assert main(["apply", ini]) == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_apply_as_json_tells_what_was_applied(ini, capsys):
    assert main(["apply", ini, "--yes", "--json"]) == 0
    applied = json.loads(capsys.readouterr().out)["applied"]
    assert {"kind": "upgrade", "addon": "orders", "revision": "0001_orders"} in applied


def test_apply_refuses_where_nobody_can_be_asked(ini, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115, PTH123
    assert main(["apply", ini]) == 3
    sys.stdin.close()
    said = capsys.readouterr()
    assert "--yes" in said.err
    assert "Plan: " in said.out


@pytest.mark.parametrize(("answer", "code"), [("n\n", 3), ("y\n", 0)])
def test_apply_asks_on_a_terminal_and_does_as_it_is_told(ini, answer, code):
    leader, follower = pty.openpty()
    os.write(leader, answer.encode())
    command = "import sys; from talatat.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", command, "apply", ini],
        stdin=follower, capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(leader)
    os.close(follower)
    assert done.returncode == code, done.stderr
    assert "Apply?" in done.stdout


def test_help_names_every_command_without_importing_one(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert name in out
    assert main(["--version"]) == 0


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_listed_command_is_there_and_helps(name, capsys):
    assert main([name, "--help"]) == 0
    assert "Usage: talatat" in capsys.readouterr().out


def test_a_usage_error_is_1_and_says_what_is_wrong(capsys):
    assert main(["no-such-command"]) == 1
    assert "Did you mean" not in capsys.readouterr().err
    assert main(["secrets", "--help"]) == 1
    assert "No such command 'secrets'. Did you mean secret?" in capsys.readouterr().err
    assert main(["apply"]) == 1
    assert "Missing argument" in capsys.readouterr().err


def test_what_a_person_can_mend_is_told_without_a_traceback(tmp_path, capsys):
    assert main(["apply", str(tmp_path / "none.ini")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "there is no such file" in said
    assert "Traceback" not in said


def test_stopping_a_command_and_a_reader_that_goes_away_end_it_with_1(monkeypatch, capsys):
    def stopped(**kw: object) -> None:
        raise click.Abort

    monkeypatch.setattr(cli.cli, "main", stopped)
    assert main([]) == 1
    assert "Stopped." in capsys.readouterr().err


def test_the_console_script_exits_with_the_commands_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["talatat", "no-such-command"])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 1
