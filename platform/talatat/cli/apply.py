"""`talatat apply INI [PLAN]`: carry a plan out."""

from __future__ import annotations

from dataclasses import replace

import click

from talatat.cli.asking import REFUSED, agreed, shown
from talatat.cli.options import Choice, composing
from talatat.cli.output import print_json
from talatat.cli.progress import progressing
from talatat.cli.telling import remember, told
from talatat.errors import TalatatError
from talatat.evolution.amounts import counted
from talatat.evolution.apply.applying import Applied, Moved, Refused, carry_out_prepared, is_begun
from talatat.evolution.model import Plan
from talatat.evolution.plan.files import load
from talatat.evolution.plan.making import Prepared, prepare
from talatat.evolution.running.locking import Locked


@click.command(name="apply")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("plan", type=click.Path(dir_okay=False, exists=True), required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--accept", multiple=True, metavar="STEP", help="Accept a dangerous step by name.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait for processes of older releases to end, then run the contract steps.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@told
@composing
def command(
    ini: str,
    plan: str | None,
    yes: bool,
    accept: tuple[str, ...],
    wait: float,
    as_json: bool,
    choice: Choice,
) -> int:
    """Bring the database to the composition, or carry out the PLAN that was saved.

    Exit codes: 0 done or nothing to do, 3 refused, 1 error.
    """
    without = choice.left_out(ini)
    saved = load(plan) if plan else None
    if saved and accept:
        raise TalatatError(
            f"--accept has no say over a saved plan: it was looked at with what it accepts. Make it again: "
            f"talatat plan {ini} --accept {accept[0]} --out {plan}"
        )
    for last in (False, False, True):
        made = prepare(ini, accept=saved.accepted if saved else accept, without=without)
        try:
            return _apply(made, saved, yes, wait, as_json)
        except (Refused, Locked) as refusal:
            # Whoever was quicker may have brought the database there: of several that start, one applies.
            if saved or last or not (yes and isinstance(refusal, Moved)):
                click.echo(f"refused: {refusal}", err=True)
                return REFUSED
    raise AssertionError("the last try returns")


def _apply(made: Prepared, saved: Plan | None, yes: bool, wait: float, as_json: bool) -> int:
    chosen = saved or made.plan
    if chosen.blockers:
        return shown(chosen, as_json=as_json)
    idle = chosen.empty and saved is None
    if idle and not is_begun(made.opened):
        return _told(Applied(chosen.base.release, ()), as_json, chosen)
    if (
        saved is None
        and not (idle or yes)
        and not agreed(chosen, "Apply?", "Not applied", as_json=as_json)
    ):
        return REFUSED
    with progressing(as_json) as progress:
        done = carry_out_prepared(made, saved, progress=progress, wait=wait)
    remember(release=done.release, steps=[f"{one.addon} {one.name}" for one in done.steps])
    return _told(replace(done, release=chosen.base.release) if idle else done, as_json, chosen)


def _told(done: Applied, as_json: bool, plan: Plan) -> int:
    if as_json:
        print_json(
            {
                "release": done.release,
                "plan": plan.digest,
                "applied": [
                    {"kind": one.kind, "addon": one.addon, "revision": one.name}
                    for one in done.steps
                ],
                "waiting": [{"addon": one.addon, "revision": one.name} for one in done.waiting],
                "processes": list(done.processes),
            }
        )
        return 0
    if plan.empty:
        click.echo(f"Nothing to do: the database is at the composition (release {done.release}).")
        return 0
    count = counted(len(done.steps), "step")
    click.echo(f"Done: {count} applied" + (f"; release {done.release}." if done.release else "."))
    if done.waiting:
        click.echo(_waiting(done))
    return 0


def _waiting(done: Applied) -> str:
    steps = ", ".join(f"{one.addon} {one.name}" for one in done.waiting)
    who = ", ".join(
        f"process {one['pid']} on {one['host']} (release {one['release']})"
        for one in done.processes
    )
    return (
        f"Waiting: {steps}. They take away what older releases use, and these still serve: {who}. "
        f"Restart them, then run `talatat apply` again (or say --wait SECONDS)."
    )
