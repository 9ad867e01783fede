"""How far a command has come that goes through many rows."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from talatat.cli.output import console
from talatat.evolution.archive.rows import Watch

SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def watching(*, as_json: bool) -> Iterator[Watch]:
    """Yield what shows it: a bar on a terminal, a line every few seconds elsewhere, nothing with JSON."""
    if as_json or not sys.stderr.isatty():
        yield _lines(quiet=as_json)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def watch(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=max(total, done))

        yield watch


def _lines(*, quiet: bool) -> Watch:
    shown = time.monotonic()

    def watch(what: str, done: int, total: int) -> None:
        nonlocal shown
        if not quiet and time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            click.echo(f"{what}: {done:,} of {total:,} rows", err=True)

    return watch
