"""An addon whose loader does what a test tells it to: refuse, fail, end its own process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from talatat.testing import TestSystem

PACKAGE = """
from talatat.loading import Outcome
from PKG_crates.loader import CrateLoader

def includeme(config):
    config.add_loader("crates.crates", CrateLoader)
    config.add_loader("crates.nothing", answer_nothing)
    config.add_loader("crates.object", Obliging())

def answer_nothing(session, records):
    return []

class Obliging:
    def load(self, session, records):
        return [Outcome(record.line, "loaded") for record in records]
"""
LOADER = """
import os
import signal
from decimal import Decimal

from sqlalchemy import event, text

from talatat.loading import Outcome


def kill(*details):
    os.kill(os.getpid(), signal.SIGKILL)


class CrateLoader:
    def __init__(self, system):
        self.passed_lines = []
        CrateLoader.last = self

    def passed(self, records):
        self.passed_lines += [record.line for record in records]

    def load(self, session, records):
        outcomes = []
        for record in records:
            outcomes.append(self.load_one(session, record))
        return reversed(outcomes)

    def load_one(self, session, record):
        self.maybe_die(session, record)
        if record.data["name"] == "broken":
            session.execute(text("SELECT 1 FROM crates_absent"))
        if record.data["name"] == "cut":
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        name, amount = record.data["name"], Decimal(str(record.data.get("amount", 0)))
        if name == "rotten":
            return Outcome(record.line, "rejected", "rotten", "it smells", amount)
        found = session.execute(
            text("SELECT 1 FROM crates_crate WHERE name = :name"), {"name": name}
        ).first()
        if found and not record.data.get("twice"):
            return Outcome(record.line, "merged", amount=amount)
        session.execute(text("INSERT INTO crates_crate (name) VALUES (:name)"), {"name": name})
        return Outcome(record.line, "loaded", amount=amount)

    def maybe_die(self, session, record):
        point, _, line = os.environ.get("KILL_AT", "").partition(":")
        if line == str(record.line):
            if point == "loader":
                kill()
            event.listen(session, point, kill)
"""

TALATAT = (sys.executable, "-W", "ignore", "-c", "from talatat.cli.main import run; run()")


@dataclass
class Crates:
    """The composed system with the addon, and files to load into it."""

    test: TestSystem
    folder: Path
    addons: Path

    def source(self, *records: dict[str, Any], name: str = "crates.jsonl") -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    def names(self) -> list[str]:
        with self.test.session(reading=True) as session:
            return list(session.scalars(text("SELECT name FROM crates_crate ORDER BY name")))

    def run(self, *arguments: str, kill_at: str = "") -> subprocess.CompletedProcess[str]:
        """`talatat load INI ...` in a process of its own."""
        path = os.pathsep.join([str(self.addons), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [*TALATAT, "load", self.test.ini, "crates.crates", *arguments],
            env={**os.environ, "PYTHONPATH": path, "KILL_AT": kill_at},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def write_crates(addons: Any) -> Callable[[], None]:
    def write() -> None:
        addons.write("crates", {"__init__.py": PACKAGE, "loader.py": LOADER})
        addons.revision(
            "crates",
            "0001_crates",
            """
            op.create_table(
                "crates_crate", sa.Column("name", sa.String(50), primary_key=True)
            )
            """,
        )

    return write


@pytest.fixture
def crates(
    addons: Any, write_crates: Callable[[], None], database_url: str, tmp_path: Path
) -> Iterator[Crates]:
    write_crates()
    settings = {"talatat.db.lock_timeout": "0.2"}
    with addons.composed("crates", url=database_url, settings=settings) as system:
        yield Crates(system, tmp_path, addons.folder)
