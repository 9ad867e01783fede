"""`docs/security/asvs.csv` says of every requirement of ASVS 5.0, level 1 and 2, what shows it."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import asvs
import pytest

STANDARD = Path(os.environ.get("TALATAT_DATA", asvs.ROOT.parent / "shared" / "data")) / "asvs"


@pytest.fixture(scope="module")
def rows():
    return asvs.rows()


@pytest.mark.skipif(not STANDARD.is_dir(), reason="the standard's list is not here")
def test_the_file_holds_each_requirement_of_level_1_and_2_in_the_standards_order(rows):
    with (STANDARD / "asvs-5.0.csv").open(newline="", encoding="utf-8") as file:
        wanted = [(r["id"], r["level"]) for r in csv.DictReader(file) if r["level"] in "12"]
    assert [(row.id, row.level) for row in rows] == wanted


def test_a_row_names_tests_or_says_why_none_is_needed(rows):
    assert asvs.FILE.read_text(encoding="utf-8").splitlines()[0].split(",") == asvs.HEADER
    wrong = [
        row.id
        for row in rows
        if (row.applies == "yes") != bool(row.shown_by)
        or row.applies not in ("yes", "no", "open")
        or (row.applies != "yes" and len(row.remark) < 20)
    ]
    assert wrong == []


def test_each_named_test_is_collected(rows, request):
    """In a run of everything the session has them all; in a smaller one they are collected here."""
    here = {asvs.without_parameters(item.nodeid) for item in request.session.items}
    missing = asvs.named() - here
    if missing:
        files = sorted({asvs.file_of(one) for one in missing})
        assert [one for one in files if not (asvs.ROOT / one).is_file()] == []
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "--no-cov", *files],
            cwd=asvs.ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:]
        here |= {asvs.without_parameters(line) for line in done.stdout.splitlines()}
    assert sorted(asvs.named() - here) == []


def test_a_named_test_that_only_skipped_is_told():
    witnesses = asvs.Witnesses()
    for nodeid, when, passed in (
        ("tests/a.py::test_one[x]@group", "call", True),
        ("tests/a.py::test_two", "setup", False),
    ):
        witnesses.pytest_runtest_logreport(SimpleNamespace(nodeid=nodeid, when=when, passed=passed))
    named = ["tests/a.py::test_one", "tests/a.py::test_two", "tests/elsewhere.py::test_three"]
    assert list(witnesses.unshown(named)) == ["tests/a.py::test_two"]
