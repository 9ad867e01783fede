"""`talatat lint FILE.sql`, as a person and as a machine read it; and the page that lists the hazards."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from talatat.cli.main import main
from talatat.evolution.hazards.page import page
from talatat.evolution.hazards.rules import RULES

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "change.sql"
        path.write_text(text)
        return str(path)

    return write


def test_a_clean_file_is_said_to_be_clean(script, capsys):
    path = script(
        "CREATE TABLE t (id bigint CONSTRAINT t_pk PRIMARY KEY);\nCREATE INDEX t_i ON t (id);"
    )
    assert main(["lint", path]) == 0
    assert "no hazards in 2 statements" in capsys.readouterr().out


def test_a_finding_is_told_with_its_line_lock_reason_and_recipe(script, capsys):
    path = script("SET lock_timeout = '2s';\n\nCREATE INDEX i\n  ON t (a);\n")
    assert main(["lint", path]) == 2
    out = capsys.readouterr().out
    assert f"{path}:3: warning: index-not-concurrent" in out
    assert "lock:    ShareLock" in out
    assert "CREATE INDEX CONCURRENTLY i\n  ON t (a);" in out
    assert "1 finding in 2 statements: 1 warning." in out
    assert "\x1b[" not in out


def test_json_holds_what_the_text_says(script, capsys):
    path = script("BEGIN;\nDROP TABLE t;\nCOMMIT;")
    assert main(["lint", path, "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["dialect"] == "postgresql"
    assert {one["id"] for one in found["findings"]} == {
        "destructive",
        "drop-while-serving",
        "lock-timeout-missing",
    }
    assert {one["line"] for one in found["findings"]} == {2}
    assert {one["severity"] for one in found["findings"]} == {"danger", "warning"}


def test_the_phase_and_the_addon_are_options(script, capsys):
    path = script("SET lock_timeout = '1s';\nALTER TABLE other_t RENAME a TO b;")
    assert main(["lint", path, "--phase", "contract"]) == 0
    assert (
        main(
            [
                "lint",
                path,
                "--phase",
                "contract",
                "--addon",
                "shop",
                "--requires",
                "other",
                "--json",
            ]
        )
        == 2
    )
    assert '"foreign-object-touched"' in capsys.readouterr().out


def test_sqlite_s_own_words_are_read_with_its_dialect(script, capsys):
    path = script(
        "CREATE TABLE t (id INTEGER CONSTRAINT t_pk PRIMARY KEY AUTOINCREMENT);\nALTER TABLE u RENAME a TO b;"
    )
    assert main(["lint", path, "--dialect", "sqlite"]) == 2
    assert f"{path}:2: danger: rename-while-serving" in capsys.readouterr().out
    assert main(["lint", path]) == 1


def test_what_does_not_parse_is_an_error_with_its_line(script, capsys):
    assert main(["lint", script("SELECT 1;\n\nALTER TABEL t;")]) == 1
    assert "line 3: statement 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["lint"], ["lint", "nowhere.sql"], ["lint", "-", "--dialect", "oracle"]]
)
def test_a_usage_error_is_one(arguments):
    assert main(arguments) == 1


def test_a_file_that_is_not_utf_8_is_an_error(tmp_path, capsys):
    path = tmp_path / "latin.sql"
    path.write_bytes("-- größe\nSELECT 1".encode("latin-1"))
    assert main(["lint", str(path)]) == 1
    assert "Save it as UTF-8" in capsys.readouterr().err


def test_a_revision_is_told_from_sql(tmp_path, capsys):
    path = tmp_path / "0001_books.py"
    path.write_text('"""Books."""\n')
    assert main(["lint", str(path)]) == 1
    assert "told by the plan that runs it: talatat plan INI" in capsys.readouterr().err


def test_standard_input_is_read_and_no_addon_nor_a_server_is_needed():
    done = subprocess.run(
        [Path(sys.executable).parent / "talatat", "lint", "-"],
        input="TRUNCATE t", capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    assert done.returncode == 2
    assert "destructive" in done.stdout


def test_the_page_of_hazards_is_current():
    written = (ROOT / "docs" / "hazards.md").read_text()
    assert written == page(), (
        "write it anew: python -m talatat.evolution.hazards.page > docs/hazards.md"
    )
    assert all(f"## {name}\n" in written for name in RULES)
