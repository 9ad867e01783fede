"""`talatat doctor INI`: what parts models, migrations, database and release, and what else is wrong.

Beside that, the deployment checks: for an .ini that is served, or where `--deploy` asks for them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import click
from rich.console import Console

from talatat.cli.deploying import deployment
from talatat.cli.options import Choice, composing
from talatat.cli.output import console, print_json
from talatat.cli.telling import remember, told
from talatat.composing import compose
from talatat.composition import Composition
from talatat.errors import AddonError, CompositionError
from talatat.evolution.amounts import counted
from talatat.evolution.drift import Case, Finding, Report, examine, repair
from talatat.evolution.drift.case import EVERY
from talatat.evolution.drift.mending import words
from talatat.evolution.observed import look
from talatat.evolution.opening import Opened, open_database
from talatat.settings.secrets import in_memory

_SIDES = ("models", "migrations", "applied migrations", "database")


@click.command(name="doctor")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option(
    "--repair", "mending", is_flag=True, help="Write version rows that are missing or wrong."
)
@click.option(
    "--deploy", is_flag=True, help="Make the deployment checks of an .ini that is not served, too."
)
@click.option(
    "--only",
    multiple=True,
    metavar="ID",
    help="Make this deployment check and nothing else; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@partial(told, when=("mending",))
@composing
def command(
    ini: str, mending: bool, deploy: bool, only: tuple[str, ...], as_json: bool, choice: Choice
) -> int:
    """Compare models, migrations and database with one another, and look for what else is wrong.

    The deployment checks are made where the .ini has a [server:main] and is not of development (but not
    with --repair), or with --deploy. Nothing is changed, but for --repair, which writes the version row of an addon whose tables
    are exactly those of one revision. An addon that does not compose is a finding, and its models are left
    out.

    Exit codes: 0 clean, 2 findings, 1 error.
    """
    opened = open_database(ini)
    with in_memory():  # in development too: composing makes no secret that is missing
        if only:
            report = Report()
            deployment(report, _case(opened, ini, choice), every=deploy, only=only)
            return _told(report, [], as_json)
        return _visit(opened, ini, mending, deploy, as_json, choice)


def _visit(
    opened: Opened, ini: str, mending: bool, deploy: bool, as_json: bool, choice: Choice
) -> int:
    case = _case(opened, ini, choice)
    report = examine(case)
    repaired = []
    if mending:
        repaired = [one for one in report.findings if one.repair]
        for one in repaired:
            repair(opened, case, one)
        remember(repaired=[f"{one.addon} {one.repair}" for one in repaired])
        if repaired:  # what else was told may have followed from these
            case = _case(opened, ini, choice)
            report = examine(case)
    if deploy or not mending:  # who repairs version rows asks about these
        deployment(report, case, every=deploy)
    return _told(report, repaired, as_json)


def _told(report: Report, repaired: list[Finding], as_json: bool) -> int:
    if as_json:
        print_json({**report.as_json(), "repaired": [one.as_json() for one in repaired]})
    else:
        _show(report, repaired, console())
    return report.exit_code


def _case(opened: Opened, ini: str, choice: Choice) -> Case:
    composition, registry, absent = _composed(ini, choice)
    observed = look(opened)
    return Case(opened, observed, composition, registry, absent, _tell)


def _composed(ini: str, choice: Choice) -> tuple[Composition | None, Any, dict[str, str]]:
    """As much of the system as composes: addons that fail are left out, critical ones too."""
    try:
        resolved = replace(choice, safe=True).resolve(ini)
    except CompositionError as error:
        return None, None, {EVERY: _line(error)}
    rest = resolved
    while True:
        try:
            registry = compose(rest).registry
            break
        except AddonError as error:
            if error.addon not in rest.by_name:
                return resolved, None, {EVERY: _line(error)}
            rest = rest.without({error.addon: str(error)})
        except CompositionError as error:
            return resolved, None, {EVERY: _line(error)}
    left_out = registry.system.composition.left_out
    return resolved, registry, {name: _line(why) for name, why in left_out.items()}


def _line(why: object) -> str:
    return " ".join(str(why).split())


def _tell(what: str) -> None:
    click.echo(f"{what} ...", err=True)


def _show(report: Report, repaired: list[Finding], out: Console) -> None:
    for one in report.findings:
        _finding("!", one, out)
    for one in report.information:
        _finding("i", one, out)
    for one in repaired:
        out.print(f"+ {one.addon}: version row {one.repair} written", markup=False)
    for text in report.left_out:
        out.print(f"? left out: {text}", markup=False)
    count = len(report.findings)
    said = counted(count, "finding") if count else "No findings"
    out.print(f"{said} in {len(report.checks)} checks.", markup=False)


def _finding(symbol: str, one: Finding, out: Console) -> None:
    owner = f"{one.addon}: " if one.addon and not one.what.startswith(f"addon {one.addon}") else ""
    out.print(f"{symbol} {owner}{one.what}", markup=False)
    for side in _SIDES:
        if side in one.says:
            out.print(f"      {side + ':':<20}{words(one.says[side])}", markup=False)
    if one.mend:
        out.print(f"    mend: {one.mend}", markup=False)
