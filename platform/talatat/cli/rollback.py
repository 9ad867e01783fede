"""`talatat rollback INI [--to N]`: the way back, schema and data. Imports no addon, installs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from talatat.cli.asking import REFUSED, agreed, shown
from talatat.cli.output import print_json
from talatat.cli.progress import progressing
from talatat.cli.telling import remember, told
from talatat.configuration.provenance import shown_path
from talatat.evolution.amounts import counted
from talatat.evolution.apply.applying import Refused, is_begun
from talatat.evolution.opening import open_database
from talatat.evolution.rollback import (
    Afterwards,
    Prepared,
    RolledBack,
    carry_back,
    nothing_left,
    prepared,
)
from talatat.evolution.running.locking import Locked

if TYPE_CHECKING:
    from talatat.evolution.opening import Opened


@click.command(name="rollback")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option(
    "--to",
    type=click.IntRange(min=1),
    metavar="N",
    help="The release to go back to; by default the one before the last.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--while-serving",
    is_flag=True,
    help="Also while processes serve what is taken back; their requests may fail.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@told
def command(ini: str, to: int | None, yes: bool, while_serving: bool, as_json: bool) -> int:
    """Take the database back to release N, then say what to install and what to edit.

    Exit codes: 0 done or nothing to do, 3 refused, 1 error.
    """
    opened = open_database(ini)
    try:
        return _rollback(opened, to, yes, while_serving, as_json)
    except (Refused, Locked) as refusal:
        click.echo(f"refused: {refusal}", err=True)
        return REFUSED
    finally:
        opened.database.dispose()


def _rollback(opened: Opened, to: int | None, yes: bool, while_serving: bool, as_json: bool) -> int:
    with prepared(opened, to) as made:
        plan = made.plan
        if plan.blockers:
            return shown(plan, as_json=as_json)
        # One that was killed before it could record its release is carried to its end.
        if plan.empty and not is_begun(opened, "rollback"):
            return _nothing(made, as_json)
        question = f"Go back to release {made.target.number}?"
        if not (yes or plan.empty) and not agreed(
            plan, question, "Not rolled back", as_json=as_json
        ):
            return REFUSED
        with progressing(as_json) as progress:
            done = carry_back(made, while_serving=while_serving, progress=progress)
    remember(release=done.release, to=done.to)
    return _told(made, done, as_json)


def _nothing(made: Prepared, as_json: bool) -> int:
    left = nothing_left(made)
    if as_json:
        print_json(
            {"release": None, "to": made.target.number, "applied": [], "afterwards": left.as_json()}
        )
    else:
        click.echo(f"Nothing to do: the database is as release {made.target.number} left it.")
        _next(left, made.opened.ini.uri)
    return 0


def _told(made: Prepared, done: RolledBack, as_json: bool) -> int:
    if as_json:
        print_json(
            {
                "release": done.release,
                "to": done.to,
                "plan": made.plan.digest,
                "applied": [
                    {"kind": one.kind, "addon": one.addon, "revision": one.name}
                    for one in done.steps
                ],
                "afterwards": done.afterwards.as_json(),
            }
        )
        return 0
    click.echo(
        f"Done: {counted(len(done.steps), 'step')} back; the database is as release {done.to} left it, "
        f"and that is release {done.release} now."
    )
    _next(done.afterwards, shown_path(made.opened.ini.uri))
    return 0


def _next(after: Afterwards, ini: str) -> None:
    if not after:
        return
    click.echo("\nWhat is left for you to do, before a process is started:")
    if after.install:
        click.echo(f"  {after.install}")
    for line in (*after.edits, *after.notes):
        click.echo(f"  {line}")
    click.echo(f"  talatat plan {ini}    # has nothing to do then")
