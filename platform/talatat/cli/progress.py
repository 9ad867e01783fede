"""How far a plan has come, told while it is carried out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from talatat.cli.output import console
from talatat.evolution.apply.engine import silent
from talatat.evolution.model import Step

Told = Callable[[Step, int, int, int | None], object]
_ROWS_BETWEEN_LINES = 100_000


@contextmanager
def progressing(as_json: bool) -> Iterator[Told]:
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
        with Progress(*columns, console=console()) as bars:
            yield _bars(bars)


def _lines() -> Told:
    last = {"rows": 0}

    def tell(step: Step, number: int, total: int, rows: int | None) -> None:
        if rows is None:
            last["rows"] = 0
            click.echo(f"[{number}/{total}] {step.addon} {step.name}")
        elif rows - last["rows"] >= _ROWS_BETWEEN_LINES:
            last["rows"] = rows
            click.echo(f"[{number}/{total}] {step.addon} {step.name}: {rows:,} rows")

    return tell


def _bars(bars: Progress) -> Told:
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
