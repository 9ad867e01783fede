"""What is in a database, told by `sqlite3` and by `psql` and `pg_dump`: no line of ours."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

# What says when, who and how often, and so is never the same twice.
_OWN = ("talatat_",)
_LEDGER = "SELECT addon, revision, direction FROM talatat_ledger ORDER BY position"
_LEFT = (
    "SELECT 'plan' FROM talatat_plan WHERE state = 'running' UNION ALL SELECT 'lease' FROM talatat_lease"
    " UNION ALL SELECT 'step ' || step FROM talatat_journal WHERE state <> 'done'"
)
_KEPT = "SELECT table_name, rows, state FROM talatat_kept ORDER BY table_name"
_WAITING = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'"
_MARK = "--------"


def dump(url: str, programs: Path | None) -> dict[str, Any]:
    """Schema and rows of what is not the platform's bookkeeping, the ledger, and what was left undone."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(str(parsed.database))
    assert programs is not None
    return _postgresql(parsed, programs)


def _sqlite(path: str) -> dict[str, Any]:
    with sqlite3.connect(path) as raw:
        lines = [
            one for one in raw.iterdump() if not any(f'"{name}' in one[:60] for name in _OWN)
            and "talatat_" not in one[:60]
        ]  # fmt: skip
        found = {
            "dump": sorted(lines),
            "ledger": raw.execute(_LEDGER).fetchall(),
            "left": raw.execute(_LEFT).fetchall(),
            "kept": raw.execute(_KEPT).fetchall(),
            "sound": raw.execute("PRAGMA integrity_check").fetchall()
            + raw.execute("PRAGMA foreign_key_check").fetchall(),
        }
    raw.close()
    return found


def _postgresql(url: Any, programs: Path) -> dict[str, Any]:
    where = [
        "-h",
        str(url.host),
        "-p",
        str(url.port),
        "-U",
        str(url.username),
        "-d",
        str(url.database),
    ]

    def run(program: str, *more: str) -> str:
        command = [str(programs / program), *where, *more]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PGTZ": "UTC"}
        )
        return done.stdout

    text = run("pg_dump", "--no-owner", "--inserts", "--exclude-table=talatat_*")
    lines = [
        one
        for one in text.splitlines()
        if one and not one.startswith(("--", "\\", "SET ", "SELECT"))
    ]
    queries = {
        "ledger": _LEDGER,
        "left": _LEFT,
        "kept": _KEPT,
        "sound": f"SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid UNION ALL {_WAITING}",
    }
    # One psql for all: starting one costs more than what it asks.
    asked = [part for one in queries.values() for part in ("-c", one, "-c", f"\\echo {_MARK}")]
    told = run("psql", "-X", "-A", "-t", *asked).split(f"{_MARK}\n")
    answers = {name: part.splitlines() for name, part in zip(queries, told, strict=False)}
    return {"dump": sorted(lines), **answers}
