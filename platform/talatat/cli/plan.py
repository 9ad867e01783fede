"""`talatat plan INI`: what would change, and what would be locked, before anything does."""

import click

from talatat.cli.options import Choice, composing
from talatat.cli.output import console, print_json
from talatat.evolution.plan.files import save
from talatat.evolution.plan.making import make_plan
from talatat.evolution.plan.text import render


@click.command(name="plan")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan for `talatat apply`.")
@click.option("--accept", multiple=True, metavar="STEP", help="Accept a dangerous step by name.")
@click.option("--rehearse", is_flag=True, help="Apply it to a copy and tell how that went.")
@click.option("--full", is_flag=True, help="Shorten no SQL and fold no list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@composing
def command(
    ini: str,
    out: str | None,
    accept: tuple[str, ...],
    rehearse: bool,
    full: bool,
    as_json: bool,
    choice: Choice,
) -> int:
    """Tell what `talatat apply` would do; nothing is written.

    Exit codes: 0 nothing to do, 2 changes, 3 blocked, 1 error.
    """
    plan = make_plan(ini, accept=accept, without=choice.left_out(ini))
    if out is not None:
        save(plan, out)
    rehearsal = None
    if rehearse and plan.steps:
        from talatat.evolution.rehearsal import rehearse as rehearse_plan

        rehearsal = rehearse_plan(ini, plan)
    if as_json:
        document = plan.as_json()
        if rehearsal is not None:
            document["rehearsal"] = rehearsal.as_json()
        print_json(document)
        return plan.exit_code
    out_console = console()
    render(plan, out_console, full=full)
    if rehearsal is not None:
        rehearsal.render(out_console)
    if out is not None:
        click.echo(f"Saved to {out}. Carry it out with: talatat apply {ini} {out}")
    return plan.exit_code
