"""`docs/security/asvs.csv` against this repository's tests: each test that it names has to pass.

A row says of one requirement of OWASP ASVS 5.0 which tests show it, or why it does not apply. The texts of the
requirements are not repeated; refer to them by id.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "security" / "asvs.csv"
MISSING = pytest.StashKey[list[str]]()
HEADER = ["id", "level", "applies", "shown_by", "remark"]


@dataclass(frozen=True)
class Row:
    """One requirement: `shown_by` holds tests as pytest names them, without parameters."""

    id: str
    level: str
    applies: str
    shown_by: tuple[str, ...]
    remark: str


def rows() -> list[Row]:
    """The file, as it stands."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return [
            Row(r["id"], r["level"], r["applies"], tuple(r["shown_by"].split()), r["remark"])
            for r in csv.DictReader(file)
        ]


def named() -> set[str]:
    """Every test that some row names."""
    return {test for row in rows() for test in row.shown_by}


def without_parameters(nodeid: str) -> str:
    """The id of a test function; xdist puts `@group` behind it."""
    return nodeid.split("[")[0].split("@")[0]


def file_of(nodeid: str) -> str:
    """The file that a test stands in."""
    return nodeid.split("::")[0]


class Witnesses:
    """Notes what passes in this run; at its end a named test that did not fails the run.

    Only for files of which anything ran: whoever runs one folder is not asked about the others. A test is
    shown if one of its parameters passed and none failed; a test that was skipped shows nothing.
    """

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.seen: set[str] = set()
        self.whole = False

    def pytest_configure(self, config: Any) -> None:
        chosen = config.option
        self.whole = not (
            chosen.keyword or chosen.markexpr or chosen.maxfail or chosen.deselect
        ) and not any("::" in one for one in config.args)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seen.add(file_of(report.nodeid))
        if report.when == "call" and report.passed:
            self.passed.add(without_parameters(report.nodeid))

    def unshown(self, tests: Iterable[str]) -> Iterator[str]:
        """Those of `tests` that ought to have passed by now."""
        return (one for one in tests if file_of(one) in self.seen and one not in self.passed)

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        if exitstatus == 0 and self.whole and not hasattr(session.config, "workerinput"):
            missing = sorted(self.unshown(named()))
            if missing:
                session.exitstatus = 1
                session.config.stash[MISSING] = missing

    def pytest_terminal_summary(self, terminalreporter: Any, config: Any) -> None:
        missing = config.stash.get(MISSING, [])
        if missing:
            terminalreporter.section("docs/security/asvs.csv")
            terminalreporter.write_line("It names tests that were skipped, or that are not there:")
            for one in missing:
                terminalreporter.write_line(f"  {one}")
