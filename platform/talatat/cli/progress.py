"""How far a plan has come, told while it is carried out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from talatat.cli.output import console
from talatat.evolution.apply.engine import Progress, silent
from talatat.evolution.model import Step

_ROWS_BETWEEN_LINES = 100_000


@contextmanager
def progressing(as_json: bool) -> Iterator[Progress]:
    """Yield what is called as steps go on: a bar on a terminal, a line a step elsewhere, nothing with JSON."""
    if as_json:
        yield silent
    elif not sys.stdout.isatty():
        yield _lines()
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=console()) as bars:
            yield _bars(bars)


def _lines() -> Progress:
    last = {"rows": 0}

    def tell(step: Step, number: int, total: int, rows: int | None) -> None:
        if rows is None:
            last["rows"] = 0
            click.echo(f"[{number}/{total}] {step.addon} {step.name}")
        elif rows - last["rows"] >= _ROWS_BETWEEN_LINES:
            last["rows"] = rows
            click.echo(f"[{number}/{total}] {step.addon} {step.name}: {rows:,} rows")

    return tell


def _bars(bars: Bars) -> Progress:
    whole = bars.add_task("steps", total=None)
    rows_of: dict[str, Any] = {}

    def tell(step: Step, number: int, total: int, rows: int | None) -> None:
        bars.update(
            whole, total=total, completed=number - 1, description=f"{step.addon} {step.name}"
        )
        if rows is not None:
            if step.key not in rows_of:
                known = [one.get("rows", 0) for one in step.measured.values()]
                rows_of[step.key] = bars.add_task("  rows", total=max(known, default=None))
            bars.update(rows_of[step.key], completed=rows)
        if number == total:
            bars.update(whole, completed=total)

    return tell
