"""How far a long archive is: a bar for whoever looks, a line now and then for a log, nothing for a machine."""

from __future__ import annotations

import os
import pty
import sys
from contextlib import suppress

from talatat.cli import rows


def test_a_terminal_sees_a_bar(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with rows.watching(as_json=False) as watch:
            watch("shelf: shelf_book", 500, 1000)
            watch("shelf: shelf_book", 1200, 1000)  # more than were expected
    seen = b""
    with suppress(OSError):  # the end of a terminal that was closed
        while more := os.read(ours, 1000):
            seen += more
    os.close(ours)
    assert "shelf: shelf_book" in seen.decode()
    assert "100%" in seen.decode()


def test_a_log_gets_a_line_now_and_then_and_a_machine_nothing(monkeypatch, capsys):
    monkeypatch.setattr(rows, "SECONDS_BETWEEN_LINES", 0.0)
    with rows.watching(as_json=False) as watch:
        watch("shelf: shelf_book", 2000, 1_000_000)
    assert capsys.readouterr().err == "shelf: shelf_book: 2,000 of 1,000,000 rows\n"
    with rows.watching(as_json=True) as watch:
        watch("shelf: shelf_book", 2000, 1_000_000)
    assert capsys.readouterr().err == ""
