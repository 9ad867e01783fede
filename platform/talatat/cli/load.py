"""`talatat load INI ADDON.RESOURCE FILE`: bulk import that can be killed and gone on with."""

from __future__ import annotations

import difflib
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from talatat.cli.options import Choice, composing
from talatat.cli.output import console
from talatat.cli.telling import remember, told
from talatat.db import is_unreachable
from talatat.errors import TalatatError
from talatat.evolution.readiness import status
from talatat.loading.batches import BATCH, Load, Watcher
from talatat.loading.progress import Progress as State
from talatat.loading.records import Counts
from talatat.loading.source import Source

if TYPE_CHECKING:
    from talatat.system import System

SECONDS_BETWEEN_LINES = 5.0


@click.command(name="load")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("resource", metavar="ADDON.RESOURCE")
@click.argument("file", type=click.Path())
@click.option("--report", metavar="FILE", help="Write what became of each record, as JSON lines.")
@click.option("--resume", is_flag=True, help="Go on with a load of this file that was interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.option("--batch", type=click.IntRange(1, 100_000), default=BATCH, show_default=True)
@told
@composing
def command(
    ini: str,
    resource: str,
    file: str,
    report: str | None,
    resume: bool,
    as_json: bool,
    batch: int,
    choice: Choice,
) -> int:
    """Load the records of FILE: CSV or JSON lines, plain, gz or xz.

    Exit codes: 0 all taken, 2 some records were rejected, 1 error.
    """
    system = choice.compose(ini).registry.system
    require_loader(system, resource)
    source = Source(file)
    try:
        require_database(system, ini)
        load = Load(system, resource, source, report, resume, batch)
        begun = load.progress.line
        remember(digest=source.digest(), begun_after_line=begun)
        with watcher(source, begun) as watch:
            counts = load.run(watch)
        remember(loaded=counts.loaded, merged=counts.merged, rejected=counts.rejected)
    except KeyboardInterrupt:
        again = ["talatat", "load", ini, resource, file, "--resume"]
        again += ["--report", report] if report else []
        raise TalatatError(
            f"Stopped. All batches so far are kept; go on with: {shlex.join(again)}"
        ) from None
    except Exception as error:
        if is_unreachable(error):
            raise TalatatError(unreachable(error)) from error
        raise
    finally:
        system.database.dispose()
    click.echo(as_json_text(counts) if as_json else as_text(counts, report, begun))
    return 2 if counts.rejected else 0


def require_loader(system: System, resource: str) -> None:
    """Raise TalatatError unless some composed addon loads `resource`."""
    if resource in system.loaders:
        return
    known = sorted(system.loaders)
    near = difflib.get_close_matches(resource, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known) or 'none'}."
    raise TalatatError(
        f"No composed addon of {system.composition.ini.path} loads {resource!r}. {hint}"
    )


def require_database(system: System, ini: str) -> None:
    """Raise TalatatError unless the database has been brought to the composition."""
    state = status(system)
    if state.problem:
        raise TalatatError(state.problem)
    if not state.ok:
        missing = ", ".join(f"{one['addon']} {one['revision']}" for one in state.missing)
        raise TalatatError(
            f"The database is not at the composition of {ini}: it lacks {missing}. "
            f"Bring it there: {state.command}"
        )


def unreachable(error: Exception) -> str:
    """Return what to tell about a database that cannot be used now."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return (
        f"The database cannot be reached: {said}. Check sqlalchemy.url and that the server runs; a load "
        "that had begun goes on with --resume."
    )


def as_json_text(counts: Counts) -> str:
    """Return the counts as one JSON object; the total is a number with all its decimals."""
    total = counts.net_total.normalize() if counts.net_total else Decimal(0)
    return (
        f'{{"read": {counts.read}, "loaded": {counts.loaded}, "merged": {counts.merged}, '
        f'"rejected": {counts.rejected}, "net_total": {total:f}}}'
    )


def as_text(counts: Counts, report: str | None, begun: int) -> str:
    """Return the counts as a person reads them."""
    text = f"{counts.read:,} read: {counts.loaded:,} loaded, {counts.merged:,} merged, "
    text += f"{counts.rejected:,} rejected."
    if counts.net_total:
        text += f" Net total {counts.net_total:,}."
    if begun:
        text += f" Gone on after line {begun:,}."
    if report and counts.rejected:
        text += f"\nWhy records were rejected stands in {report}."
    return text


@contextmanager
def watcher(source: Source, begun: int) -> Iterator[Watcher]:
    """Show how far the load has come: a bar on a terminal, a line every few seconds elsewhere."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console(stderr=True)) as bar:
        task = bar.add_task(source.path.name, total=source.size)

        def watch(state: State, source: Source) -> None:
            text = f"{source.path.name}: {state.counts.read:,} records"
            bar.update(task, completed=source.position, description=text)

        yield watch


def _lines() -> Watcher:
    shown = time.monotonic()

    def watch(state: State, source: Source) -> None:
        nonlocal shown
        if time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            share = source.position / source.size
            click.echo(f"line {state.line:,} ({share:.0%}): {state.counts.read:,} read", err=True)

    return watch
