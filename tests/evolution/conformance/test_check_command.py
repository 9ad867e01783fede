"""`talatat check`: what it prints, its exit codes, and what it says to mistakes."""

import json
import subprocess
import sys

import pytest

from talatat.cli.main import main
from talatat.testing.conformance import RULES, check
from talatat.testing.servers import Unavailable

QUICK = ("own-names", "documented", "tested")


@pytest.fixture
def quick(monkeypatch):
    """Only some rules are asked: what is printed is the same for all."""
    monkeypatch.setattr(
        "talatat.testing.conformance.rules.RULES", {one: RULES[one] for one in QUICK}
    )


def test_a_clean_addon_is_told_line_by_line_and_ends_with_its_tier(workshop, quick, capsys):
    workshop.lamp()
    assert main(["check", "lamp", "--alone"]) == 0
    printed = capsys.readouterr().out
    assert "PASS     own-names               What it declares bears its name" in printed
    assert "lamp 1.0 (" in printed
    assert printed.splitlines()[-1].startswith("tier: platinum (a pleasure to run)")


def test_a_failure_names_what_is_wrong_what_mends_it_and_what_the_next_tier_lacks(
    workshop, quick, capsys
):
    workshop.lamp(metadata={"License-Expression": ""}, tests="")
    assert main(["check", "lamp", "--beside", "room"]) == 2
    lines = capsys.readouterr().out.splitlines()
    (failed,) = [
        number for number, line in enumerate(lines) if line.startswith("FAIL     documented")
    ]
    assert (
        lines[failed + 1].strip() == "- the distribution has no licence (license in pyproject.toml)"
    )
    assert lines[failed + 2].strip().startswith("To mend it: Write description, license and readme")
    assert lines[-1].startswith("tier: silver (safe to leave, and to come back)")
    assert lines[-1].endswith("For gold: 2 rules are missing: documented, tested.")


def test_what_was_left_out_is_said_and_is_no_evidence(workshop, quick, capsys):
    workshop.lamp()
    (wheel,) = workshop.addons.folder.glob("*_lamp-*.dist-info/direct_url.json")
    wheel.unlink()
    assert main(["check", "lamp", "--alone"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (left,) = [line for line in lines if line.startswith("LEFT OUT tested")]
    assert "it is installed from a wheel, which holds no tests" in left
    assert lines[-1].endswith("For gold: 1 rule is missing: tested.")


def test_json_holds_the_same(workshop, quick, capsys):
    workshop.lamp(tests="")
    assert main(["check", "lamp", "--alone", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert (report["tier"], report["next_tier"], report["missing"]) == (
        "silver",
        "gold",
        ["tested"],
    )
    assert [(one["id"], one["state"]) for one in report["rules"]] == [
        ("own-names", "pass"), ("documented", "pass"), ("tested", "fail"),
    ]  # fmt: skip
    assert report["rules"][2]["problems"] == ["there is no test in tests/ of the project"]


def test_without_postgresql_the_tier_is_one_of_sqlite_alone(workshop, quick, capsys, monkeypatch):
    def nowhere(*, install=True):
        assert not install  # nobody asked for an installation
        raise Unavailable("PostgreSQL is not installed")

    monkeypatch.setattr("talatat.testing.servers.find_postgresql", nowhere)
    workshop.lamp()
    assert main(["check", "lamp", "--alone"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "left out: PostgreSQL: PostgreSQL is not installed; name a server with --url" in lines
    assert "(on SQLite alone)" in lines[-1]


def test_an_addon_that_is_not_there_is_told_with_the_nearest_name(workshop, capsys):
    workshop.lamp()
    assert main(["check", "lmap"]) == 1
    said = capsys.readouterr().err
    assert "there is no addon 'lmap'. Did you mean 'lamp'?" in said


def test_an_addon_that_two_distributions_offer_is_told(workshop, capsys):
    workshop.lamp()
    other = workshop.addons.folder / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[talatat.addons]\nlamp = json\n")
    assert main(["check", "lamp"]) == 1
    assert "both offer an addon named 'lamp'" in capsys.readouterr().err


def test_a_required_setting_without_a_default_has_to_be_said(workshop, quick, capsys):
    settings = workshop.changed("settings.py", ("colander.Int(), missing=3,", "colander.Int(),"))
    workshop.lamp(settings)
    assert main(["check", "lamp", "--alone"]) == 1
    assert "--set lamp.bright=VALUE" in capsys.readouterr().err
    assert main(["check", "lamp", "--alone", "--set", "lamp.bright=4"]) == 0
    assert main(["check", "lamp", "--alone", "--set", "lamp.bright"]) == 1
    assert "Write --set KEY=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////tmp/x.sqlite", "Name a PostgreSQL server"),
        ("postgresql://nobody@127.0.0.1:1/postgres", "no database can be made there"),
    ],
)
def test_a_url_that_is_no_server_is_told(workshop, capsys, url, said):
    workshop.lamp()
    assert main(["check", "lamp", "--url", url]) == 1
    assert said in capsys.readouterr().err


def test_databases_are_made_on_the_server_that_is_named_and_dropped_again(
    workshop, postgresql_server
):
    workshop.lamp()
    url = postgresql_server.url("postgres")
    report = check("lamp", beside=(), url=url, only=["applies", "either-order"])
    assert [one.state for one in report.results] == ["pass", "pass"]
    with postgresql_server._connect() as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE 'talatat_check_%'"
        assert connection.execute(query).fetchall() == []


def test_a_neighbour_that_cannot_be_composed_is_no_company(workshop):
    workshop.lamp()
    workshop.addons.write("ruin", {"__init__.py": "import nowhere_at_all"})
    report = check("lamp", beside=["ruin", "garden"], kinds=("sqlite",), only=["every-order"])
    assert report.beside == ("garden",)
    assert "nowhere_at_all" in report.not_beside["ruin"]
    assert [one.state for one in report.results] == ["pass"]


def test_the_tests_of_an_addon_ask_the_rules_one_by_one(workshop, tmp_path):
    workshop.lamp(metadata={"License-Expression": ""})
    (tmp_path / "test_lamp.py").write_text(
        "from talatat.testing.conformance import conformance\n"
        "test_it = conformance('lamp', kinds=('sqlite',), beside=())\n"
        "test_less = conformance('lamp', kinds=(), beside=(), tier='bronze')\n"
    )
    command = [
        sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-rfs", "-p", "no:cacheprovider",
        "-k", "documented or own-names or permissions or own-tables or tested", str(tmp_path / "test_lamp.py"),
    ]  # fmt: skip
    path = {"PYTHONPATH": str(workshop.addons.folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=path)
    assert "the distribution has no licence" in done.stdout
    assert "To mend it: Write description, license" in done.stdout
    assert "test_less[own-tables]" in done.stdout or "no database to ask" in done.stdout
    assert "1 failed, 6 passed, 1 skipped" in done.stdout, done.stdout
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**path, "CI": "1"}
    )
    assert "CI leaves nothing out" in done.stdout
    assert "2 failed, 6 passed" in done.stdout, done.stdout


def test_values_that_nobody_could_guess_are_read_from_a_file(
    workshop, capsys, tmp_path, monkeypatch
):
    one = "rows-survive"
    monkeypatch.setattr("talatat.testing.conformance.rules.RULES", {one: RULES[one]})
    odd = [("kind IN ('desk', 'floor')", "length(kind) = 2 AND kind > 'a5' AND kind < 'b'")]
    files = {
        **workshop.changed("models.py", *odd),
        **workshop.changed("migrations/versions/0001_lamps.py", *odd),
    }
    workshop.lamp(files)
    assert main(["check", "lamp", "--alone"]) == 0
    said = capsys.readouterr().out
    assert "LEFT OUT rows-survive" in said
    assert "no row could be made for lamp_lamp" in said
    file = tmp_path / "rows.json"
    file.write_text('{"lamp_lamp": {"kind": "a7"}}')
    assert main(["check", "lamp", "--alone", "--rows", str(file)]) == 0
    assert "PASS     rows-survive" in capsys.readouterr().out
    file.write_text("[]")
    assert main(["check", "lamp", "--alone", "--rows", str(file)]) == 1
    assert "that is no JSON object of tables" in capsys.readouterr().err


def test_an_addon_that_ends_the_process_is_told_like_any_other_mistake(workshop):
    ending = [("config.add_resource(Lamps)", "raise SystemExit('enough')")]
    workshop.lamp(workshop.changed("__init__.py", *ending))
    report = check("lamp", beside=["garden"], kinds=("sqlite",), only=["composes", "own-names"])
    assert report.failures[0].problems[0].startswith("SystemExit: enough (at ")


def test_what_dies_without_a_word_is_told(workshop, quick, capsys):
    workshop.lamp()
    workshop.addons.write("ruin", {"__init__.py": "import os\nos._exit(3)"})
    assert main(["check", "lamp", "--beside", "ruin"]) == 0
    printed = capsys.readouterr().out
    assert "not beside it: all others: " in printed
    assert "said nothing" in printed
