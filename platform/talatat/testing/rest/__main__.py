"""`python -m talatat.testing.rest URL --header "Authorization: Bearer ..."`: the suite against a server."""

from __future__ import annotations

import click

from talatat.testing.rest.model import Failed
from talatat.testing.rest.runner import run
from talatat.testing.rest.sending import over_http
from talatat.testing.rest.server import Credentials, Server


@click.command()
@click.argument("url")
@click.option("--header", "headers", multiple=True, metavar="NAME: VALUE", help="Who may do all.")
@click.option("--about", multiple=True, metavar="ADDON.RESOURCE", help="Only this resource.")
@click.option("--family", multiple=True, metavar="FAMILY", help="Only this family of checks.")
def main(
    url: str, headers: tuple[str, ...], about: tuple[str, ...], family: tuple[str, ...]
) -> None:
    """Ask every check about every resource of the server at URL; rows are created there.

    Exit codes: 0 nothing failed, 2 findings, 1 error.
    """
    said = (one.partition(":") for one in headers)
    owner = {name.strip(): value.strip() for name, _, value in said}
    server = Server(over_http(url), Credentials(owner))
    try:
        report = run(server, about=about or None, families=family or None)
    except (Failed, OSError) as error:
        raise click.ClickException(str(error)) from error
    for text in report.problems():
        click.echo(f"FAIL {text}")
    click.echo(report.summary)
    raise SystemExit(2 if report.failures else 0)


if __name__ == "__main__":
    main()
