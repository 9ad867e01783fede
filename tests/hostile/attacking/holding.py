"""What has to hold after a hostile request: a problem for it, and nothing of it in the database."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "addon"}
LONGEST_PROBLEM = 128 * 1024
# What is written down when somebody merely asks.
OF_ASKING = ("accounts_attempt", "accounts_session", "talatat_cost", "talatat_process", "sqlite_")


def assert_problem(status: int, content_type: str, body: bytes, *expected: int) -> dict[str, Any]:
    """A refusal with one of these statuses, as a problem document of bounded size; gives that."""
    assert status in expected, f"{status} instead of {expected}: {body[:500]!r}"
    assert content_type.partition(";")[0] == "application/problem+json", content_type
    assert len(body) <= LONGEST_PROBLEM
    problem: dict[str, Any] = json.loads(body)
    assert problem.keys() >= MEMBERS, problem
    assert problem["status"] == status
    assert "Traceback" not in problem["detail"]
    return problem


def stored(path: Path) -> str:
    """A digest of all rows of an SQLite database."""
    digest = hashlib.blake2b()
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in sorted(names):
            if not name.startswith(OF_ASKING):
                rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
                digest.update(repr((name, sorted(map(repr, rows)))).encode())
    return digest.hexdigest()
