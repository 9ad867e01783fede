"""`talatat cost INI`: what requests have cost, by addon or by route. Imports no addon."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click
from rich.table import Table
from sqlalchemy import inspect

from talatat.cli.output import console, print_json
from talatat.configuration.provenance import shown_path
from talatat.db.types import utcnow
from talatat.errors import TalatatError
from talatat.evolution.opening import open_database
from talatat.web.costs.counting import KEPT_DAYS, table
from talatat.web.costs.report import GROUPS, SORTS, beginning, report
from talatat.web.gathering import EVERY

if TYPE_CHECKING:
    from talatat.evolution.opening import Opened
    from talatat.web.costs.report import Line, Report

_NUMBERS = (
    "share", "seconds", "requests", "mean ms", "slowest ms", "CPU ms", "statements", "4xx", "5xx",
    "retried",
)  # fmt: skip
_FEW = ("share", "requests", "mean ms", "statements", "5xx")
_ROOM = 120  # columns of a terminal that has room for all of them


@click.command(name="cost")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--since", default="24h", metavar="24h|7d", help="How far back, in whole hours.")
@click.option("--by", type=click.Choice(list(GROUPS)), default="addon", help="What a line is.")
@click.option("--addon", help="Only the lines of this addon.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="time", help="What comes first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(ini: str, since: str, by: str, addon: str | None, sort: str, as_json: bool) -> int:
    """What requests have cost: time, processor time, statements and errors, by addon or route.

    Statements, mean and CPU are of one request. Processes write what they counted every ten seconds; it is kept
    for two weeks. Exit codes: 0, or 1 for what cannot be read.
    """
    try:
        hour = beginning(since, utcnow())
    except ValueError as error:
        raise click.UsageError(f"--since {since}: {error}.") from None
    opened = open_database(ini)
    try:
        found = _report(opened, hour, by, sort, addon)
    finally:
        opened.database.dispose()
    if as_json:
        print_json(found.as_json())
    elif found.lines:
        _print(found, by)
    else:
        click.echo(_nothing(opened, found, addon))
    return 0


def _report(opened: Opened, since: dt.datetime, by: str, sort: str, addon: str | None) -> Report:
    plan = f"talatat plan {shown_path(opened.ini.uri)}"
    if not opened.exists:
        raise TalatatError(
            f"nothing was counted: {opened.target} is not there. See what would be made: {plan}"
        )
    with opened.reading() as connection:
        if not inspect(connection).has_table(table.name):
            raise TalatatError(
                f"nothing was counted: {opened.target} has no table {table.name}, which revision 0004_costs of "
                f"the platform makes. See what would be applied: {plan}"
            )
        return report(connection, since, by, sort, addon)


def _nothing(opened: Opened, found: Report, addon: str | None) -> str:
    """Why there is nothing, and what to do about it."""
    since = f"since {found.since:%Y-%m-%d %H:%M} UTC"
    if addon is not None and found.processes:
        return f"No request of {addon} {since}. Those that had some: talatat cost {shown_path(opened.ini.uri)}"
    if not opened.settings.costs:
        return (
            f"Nothing was counted {since}: {opened.ini.at('talatat.costs')} says talatat.costs = false. "
            "Take the line away, and start the processes again."
        )
    if found.known_since is not None:
        return (
            f"No request was counted {since}. There is something since {found.known_since:%Y-%m-%d %H:%M} "
            f"UTC: --since {KEPT_DAYS}d"
        )
    return (
        f"No request was counted yet. A process that serves writes what it counted every {EVERY:.0f} seconds, "
        "and when it ends."
    )


def _print(found: Report, by: str) -> None:
    out = console()
    numbers = _NUMBERS if out.width >= _ROOM else _FEW
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in GROUPS[by]:
        shown.add_column(name, overflow="fold")
    for name in numbers:
        shown.add_column(name, justify="right", no_wrap=True)
    for line in found.lines:
        told = _numbers(line)
        shown.add_row(*_names(line, by), *(told[name] for name in numbers))
    told = _numbers(found.total)
    names = ["all", *[""] * (len(GROUPS[by]) - 1)]
    shown.add_row(*names, *(told[name] for name in numbers), style="bold")
    many = "1 process" if found.processes == 1 else f"{found.processes} processes"
    assert found.first is not None
    assert found.last is not None
    out.print(
        f"What requests cost from {found.first:%Y-%m-%d %H:%M} to {found.last:%Y-%m-%d %H:%M:%S} UTC, "
        f"counted by {many}:\n"
    )
    out.print(shown)


def _names(line: Line, by: str) -> list[str]:
    if by == "addon":
        return [line.addon or ""]
    return [line.addon or "", line.route or "(no route)", line.method or ""]


def _numbers(line: Line) -> dict[str, str]:
    cost = line.cost
    return {
        "share": f"{line.share:.1%}",
        "seconds": f"{cost.wall_ns / 1e9:,.2f}",
        "requests": f"{cost.requests:,}",
        "mean ms": f"{line.mean_ms:,.2f}",
        "slowest ms": f"{cost.slowest_ns / 1e6:,.1f}",
        "CPU ms": f"{line.cpu_ms:,.2f}",
        "statements": f"{line.statements:,.1f}",
        "4xx": f"{cost.refused:,}",
        "5xx": f"{cost.errors:,}",
        "retried": f"{cost.retried:,}",
    }
