"""`talatat archive INI ADDON`: move the data of an addon that sleeps away, restorably."""

from __future__ import annotations

from pathlib import Path

import click

from talatat.cli.output import print_json
from talatat.cli.rows import watching
from talatat.cli.telling import remember, told
from talatat.evolution.archive import Archived, archive
from talatat.evolution.opening import open_database


@click.command(name="archive")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("addons", metavar="ADDON...", nargs=-1, required=True)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the archive to this file as well; takes one ADDON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@told
def command(ini: str, addons: tuple[str, ...], file: Path | None, as_json: bool) -> int:
    """Move an addon's tables away, so that nothing of it acts on others; nothing is lost.

    The addon must not be enabled; its package may be gone. Several that refer to each other are archived
    together. Exit codes: 0 done, 1 error.
    """
    opened = open_database(ini)
    with watching(as_json=as_json) as watch:
        made = archive(opened, *addons, file=file, watch=watch)
    remember(archives=[one.manifest.id for one in made])
    if as_json:
        print_json({"archives": [one.as_json() for one in made]})
        return 0
    for one in made:
        click.echo(_told(one, ini))
    return 0


def _told(one: Archived, ini: str) -> str:
    said = one.manifest
    tables = ", ".join(f"{name} {rows:,}" for name, rows in said.own_rows.items()) or "no tables"
    text = (
        f"{said.addon} {said.version or ''} is archived as {said.id}, in {one.location}: {tables}."
        if one.release is not None
        else f"{said.addon} was archived before, as {said.id}."
    )
    if one.file is not None:
        text += f"\nWritten to {one.file}, read back and compared: {sum(said.own_rows.values()):,} rows."
    return (
        f"{text}\nTo bring it back: list {said.addon} in talatat.addons and run `talatat apply {ini}`."
        f"\nTo drop it for good:  talatat purge {ini} {said.addon} --archive {said.id}"
    )
