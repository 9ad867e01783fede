"""`talatat restore INI ARCHIVE`: bring the data in an archive file back."""

from __future__ import annotations

from pathlib import Path

import click

from talatat.cli.output import print_json
from talatat.cli.rows import watching
from talatat.cli.telling import remember, told
from talatat.evolution.archive import restore_file
from talatat.evolution.opening import open_database


@click.command(name="restore")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("archive", type=click.Path(path_type=Path))
@click.option(
    "--orphans",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where rows go whose parents were deleted meanwhile; ARCHIVE.orphans.jsonl if not said.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@told
def command(ini: str, archive: Path, orphans: Path | None, as_json: bool) -> int:
    """Restore an archive FILE of an addon that is composed again; then run `talatat apply`.

    An archive that is kept in the database needs no command: `talatat apply` brings it back. Exit codes: 0
    done, 1 error.
    """
    opened = open_database(ini)
    with watching(as_json=as_json) as watch:
        done = restore_file(opened, archive, orphans, watch)
    remember(addon=done.addon, tables=dict(done.tables))
    if as_json:
        print_json(done.as_json())
        return 0
    tables = ", ".join(f"{name} {rows:,}" for name, rows in done.tables.items()) or "no tables"
    click.echo(f"{done.addon} is restored from {archive}: {tables}.")
    for one in done.orphans:
        click.echo(f"  ! {one}")
    click.echo(
        f"It stands at {', '.join(done.heads) or 'no revision'}. Now run: talatat apply {ini}"
    )
    return 0
