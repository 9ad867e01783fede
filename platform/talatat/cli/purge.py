"""`talatat purge INI ADDON --archive ID`: drop an addon's archived data for good."""

from __future__ import annotations

import sys

import click

from talatat.cli.output import print_json
from talatat.cli.telling import remember, told
from talatat.errors import TalatatError
from talatat.evolution.archive import Manifest, purge, purgeable
from talatat.evolution.opening import open_database


@click.command(name="purge")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("addon")
@click.option(
    "--archive", "archive_id", metavar="ID", help="Which archive; without it, tells them."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; needs --yes.")
@told
def command(ini: str, addon: str, archive_id: str | None, yes: bool, as_json: bool) -> int:
    """Drop an archive in the database for good. Files that `talatat archive --file` wrote stay.

    Exit codes: 0 done, 1 error or not agreed to.
    """
    opened = open_database(ini)
    manifest = purgeable(opened, addon, archive_id)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise TalatatError(f"Not purged: nobody to ask. {_said(manifest)} To do it, add --yes.")
        if not click.confirm(f"{_said(manifest)} Drop it for good?", default=False):
            click.echo("Nothing was changed.")
            return 1
    done = purge(opened, addon, manifest.id)
    remember(archive=done.archive, rows=done.rows)
    if as_json:
        print_json(done.as_json())
    else:
        click.echo(f"Purged: archive {done.archive} of {addon}, {done.rows:,} rows.")
    return 0


def _said(manifest: Manifest) -> str:
    rows = manifest.own_rows
    return (
        f"Archive {manifest.id} of {manifest.addon} {manifest.version or ''} holds "
        f"{sum(rows.values()):,} rows in {len(rows)} tables."
    )
