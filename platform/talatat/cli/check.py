"""`talatat check ADDON`: the conformance suite, on databases made for it."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, TextIO

import click
from rich.text import Text

from talatat.cli.output import console, print_json
from talatat.errors import TalatatError
from talatat.evolution.amounts import counted
from talatat.testing.conformance import Report, Result, check
from talatat.testing.conformance.model import MEANING

_STATES = {
    "pass": ("PASS", "green"),
    "fail": ("FAIL", "bold red"),
    "left out": ("LEFT OUT", "yellow"),
}
_WIDE = 24


@click.command(name="check")
@click.argument("addon")
@click.option("--url", metavar="URL", help="A PostgreSQL server whose role may make databases.")
@click.option("--beside", multiple=True, metavar="ADDON", help="Company for it; may be repeated.")
@click.option("--alone", is_flag=True, help="No company but what it requires.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key of the .ini.")
@click.option(
    "--rows", type=click.File(), metavar="FILE", help="JSON: values that cannot be guessed."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    addon: str,
    url: str | None,
    beside: tuple[str, ...],
    alone: bool,
    settings: tuple[str, ...],
    rows: TextIO | None,
    as_json: bool,
) -> int:
    """Ask every rule of docs/conformance.md about an installed ADDON, and tell which tier it reaches.

    Databases are made for it and dropped again: SQLite always, PostgreSQL where its programs are on this
    machine or --url names a server. Company are all other installed addons, unless they are named.

    Exit codes: 0 no rule failed, 2 findings, 1 error.
    """
    # Without a handler Python prints the bare word "request" for each one that was logged as an error.
    logging.getLogger("talatat.request").addHandler(logging.NullHandler())
    company = beside if beside or alone else None
    report = check(
        addon, beside=company, url=url, settings=_settings(settings), rows=_rows(rows),
        progress=None if as_json else _tell,
    )  # fmt: skip
    if as_json:
        print_json(report.as_json())
    else:
        _conclude(report)
    return report.exit_code


def _settings(said: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in said:
        key, equals, value = one.partition("=")
        if not equals or not key.strip():
            raise TalatatError(
                f"--set {one}: that is no key with its value. Write --set KEY=VALUE."
            )
        found[key.strip()] = value.strip()
    return found


def _rows(file: TextIO | None) -> dict[str, dict[str, Any]]:
    try:
        found = {} if file is None else json.load(file)
        if all(isinstance(one, dict) for one in found.values()):
            return dict(found)
    except (ValueError, AttributeError):  # no JSON, or no object
        pass
    name = getattr(file, "name", "FILE")
    raise TalatatError(
        f'--rows {name}: that is no JSON object of tables. Write {{"table": {{"column": "value"}}}}.'
    )


def _tell(one: Result) -> None:
    """One line for a rule; what is wrong, and what mends it, below."""
    word, style = _STATES[one.state]
    line = Text.assemble((f"{word:<9}", style), f"{one.rule.id:<{_WIDE}}", one.rule.title)
    if one.state == "left out":
        line.append(f": {one.said}")
    elif one.state == "pass" and one.said:
        line.append(f" ({one.said})", "dim")
    out = console()
    out.print(line)
    for text in one.problems:
        out.print(Text(f"{'':9}- {text}"))
    if one.state == "fail":
        if one.said:
            out.print(Text(f"{'':9}left out: {one.said}"))
        out.print(Text(f"{'':9}To mend it: {one.rule.mend}"))


def _conclude(report: Report) -> None:
    out = console()
    where = " and ".join(report.databases)
    company = f", beside {', '.join(report.beside)}" if report.beside else ""
    out.print(
        Text(f"\n{report.addon} {report.version} ({report.distribution}), on {where}{company}")
    )
    for name, why in report.left_out.items():
        out.print(Text(f"left out: {name}: {why}"))
    for name, why in report.not_beside.items():
        out.print(Text(f"not beside it: {name}: {why}"))
    out.print(Text(conclusion(report)))
    sys.stdout.flush()


def conclusion(report: Report) -> str:
    """The last line: the tier, and what the next one lacks."""
    only = f" (on {report.databases[0]} alone)" if report.left_out else ""
    reached: Any = report.tier
    said = f"tier: {reached} ({MEANING[reached]}){only}." if reached else f"tier: none yet{only}."
    above = report.next_tier
    if above is None:
        return said
    missing = report.missing(above)
    count = counted(len(missing), "rule")
    verb = "is" if len(missing) == 1 else "are"
    return (
        f"{said} For {above}: {count} {verb} missing: {', '.join(one.rule.id for one in missing)}."
    )
