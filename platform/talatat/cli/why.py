"""`talatat why INI WHAT`: who declared, overrides or extends a thing of the composition."""

import click

from talatat.cli.options import Choice, composing
from talatat.cli.output import console, print_json
from talatat.why import Finding, why


@click.command(name="why")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@composing
def command(ini: str, what: str, as_json: bool, choice: Choice) -> int:
    """Who declared, overrides or extends WHAT: addon, file:line, and what was replaced.

    WHAT is a route's name or path, a view's dotted name, a field (addon.resource.field), a table or
    table.column, a setting's key, a permission, an asset. Exit codes: 0, or 1 where nothing is found.
    """
    findings = why(choice.compose(ini).registry, what)
    if as_json:
        print_json([finding.as_json() for finding in findings])
        return 0
    for finding in findings:
        _show(finding)
    return 0


def _show(finding: Finding) -> None:
    out = console()
    out.print(f"[bold]{finding.kind}[/bold] {finding.what}", markup=True)
    out.print(f"  declared by  {finding.addon}", markup=False)
    out.print(f"  at           {finding.place}", markup=False)
    for key, value in finding.says.items():
        out.print(f"  {key:<12} {value}", markup=False)
    for one in finding.replaced:
        out.print(
            f"  replaces     {one.kind} {one.what} of {one.replaced_addon}, {one.replaced_place} "
            f"(fingerprint {one.fingerprint})",
            markup=False,
        )
    out.print()
