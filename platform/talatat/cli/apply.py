"""`talatat apply INI`: bring the database to the composition.

In this release it runs the missing revisions of every composed addon, in the order that their
requirements give; the plan that is shown first is the list of those revisions.
"""

import sys
from typing import Any

import click

from talatat.cli.output import console, print_json
from talatat.composing import compose, load_composition
from talatat.evolution.migrate import pending
from talatat.process import bring_up, make_folders


@click.command(name="apply")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; implies --yes.")
def command(ini: str, yes: bool, as_json: bool) -> int:
    """Bring the database to the composition.

    Exit codes: 0 done or nothing to do, 3 refused, 1 error.
    """
    system = compose(load_composition(ini)).registry.system
    make_folders(system)
    steps = pending(system.composition, system.database)
    if not steps:
        bring_up(system)  # extension rows may be missing all the same: an addon came back
        return _done(as_json, [], "Nothing to do: the database is at the composition.")
    if not (yes or as_json):
        _show(steps)
        if not sys.stdin.isatty():
            click.echo("Not applied: nobody to ask. Say --yes.", err=True)
            return 3
        if not click.confirm("Apply?", default=False):
            click.echo("Nothing was changed.")
            return 3
    applied = bring_up(system, progress=None if as_json else _progress)
    return _done(as_json, applied, f"Done: {len(applied)} revision(s) applied.")


def _show(steps: list[Any]) -> None:
    out = console()
    out.print(
        "The database will be brought to the composition by these revisions, in this order:\n"
    )
    for step in steps:
        out.print(f"  + {step.addon:<14} {step.revision:<32} {step.phase}")
    out.print(f"\n{len(steps)} revision(s) to apply.")


def _progress(step: Any, number: int, total: int) -> None:
    console().print(f"[{number}/{total}] {step.addon} {step.revision}", markup=False)


def _done(as_json: bool, applied: list[Any], text: str) -> int:
    if as_json:
        print_json({"applied": [{"addon": s.addon, "revision": s.revision} for s in applied]})
    else:
        click.echo(text)
    return 0
