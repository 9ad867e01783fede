"""`talatat revision INI ADDON -m MESSAGE`: the next revisions of one addon, written from its models."""

from __future__ import annotations

from typing import Any

import click

from talatat.cli.options import Choice, composing
from talatat.cli.output import print_json
from talatat.configuration.provenance import shown_path
from talatat.errors import TalatatError
from talatat.evolution.autogenerate import Written, autogenerate, empty
from talatat.evolution.graph import PHASES
from talatat.evolution.opening import open_database


@click.command(name="revision")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("addon")
@click.option("-m", "--message", required=True, help="What changes; names the file.")
@click.option("--empty", "only_empty", is_flag=True, help="An empty one, to be filled in by hand.")
@click.option("--phase", type=click.Choice(PHASES), help="The phase of an empty one.")
@click.option(
    "--before", metavar="REVISION", help="Put an empty one before this one, not applied yet."
)
@click.option(
    "--drop-table", multiple=True, metavar="TABLE", help="Drop a table that no model describes."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@composing
def command(
    ini: str,
    addon: str,
    message: str,
    only_empty: bool,
    phase: str | None,
    before: str | None,
    drop_table: tuple[str, ...],
    as_json: bool,
    choice: Choice,
) -> int:
    """Write the revisions that bring ADDON's migrations to its models.

    Nothing is applied and the database is not touched: revisions are tried in a throw-away one. With
    --phase data an example of a backfill is written.

    Exit codes: 0 written, or nothing to write; 1 error.
    """
    if phase or only_empty or before:
        if drop_table:
            raise TalatatError(
                "--drop-table belongs to a revision that is written from the models."
            )
        written = empty(choice.resolve(ini), addon, message, phase or "expand", before)
    else:
        composition = choice.compose(ini).registry.system.composition
        written = autogenerate(composition, open_database(ini), addon, message, drop_table)
    if as_json:
        print_json(_json(written))
    else:
        click.echo(_told(written, ini, addon))
    return 0


def _json(written: Written) -> dict[str, Any]:
    return {
        "files": [str(path) for path in written.files],
        "notes": list(written.notes),
        "hazards": [{"revision": revision, **one.as_json()} for revision, one in written.hazards],
    }


def _told(written: Written, ini: str, addon: str) -> str:
    lines = [f"+ {shown_path(str(path))}" for path in written.files]
    if not lines:
        lines = [f"Nothing to write: the models of {addon} and its revisions agree."]
    lines += [f"note: {one}" for one in written.notes]
    for revision, one in written.hazards:
        lines.append(f"{one.severity.value}: {revision}: {one.id}: {one.message}")
        lines.append(f"    instead: {one.recipe.text}")
    if written.files:
        lines.append(f"Read them, then: talatat plan {ini}")
    return "\n".join(lines)
