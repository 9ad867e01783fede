"""`talatat addons INI`: what is installed and what is composed. Imports no addon."""

from typing import Any

import click
from rich.table import Table

from talatat.addons import Installed, inventory
from talatat.cli.options import Choice, composing
from talatat.cli.output import console, print_json
from talatat.composition import ComposedAddon


@click.command(name="addons")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@composing
def command(ini: str, as_json: bool, choice: Choice) -> int:
    """Installed and composed addons, versions, requirements, implied or listed.

    Exit codes: 0, or 1 where the composition cannot be made.
    """
    composition = choice.resolve(ini)
    rows = [_composed(number, addon) for number, addon in enumerate(composition.addons, 1)]
    rows += [
        _available(addon, composition.left_out.get(name))
        for name, addon in sorted(inventory().addons.items())
        if name not in composition.by_name
    ]
    if as_json:
        print_json(rows)
        return 0
    console().print(_table(rows))
    composed = len(composition.addons)
    console().print(f"{composed} composed, {len(rows) - composed} installed and not composed.")
    return 0


def _composed(number: int, addon: ComposedAddon) -> dict[str, Any]:
    return {
        "order": number,
        "name": addon.name,
        "version": addon.version,
        "state": "implied" if addon.implied else "listed",
        "requires": list(addon.requires),
        "place": str(addon.place) if addon.place else None,
        "summary": addon.summary,
    }


def _available(addon: Installed, left_out: str | None) -> dict[str, Any]:
    return {
        "order": None,
        "name": addon.name,
        "version": addon.version,
        "state": "left out" if left_out else "available",
        "requires": [str(one) for one in addon.requirements],
        "place": None,
        "summary": addon.summary,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("#", "addon", "version", "state", "requires", "where", "summary"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["order"] or "-"),
            row["name"],
            row["version"],
            row["state"],
            ", ".join(row["requires"]),
            row["place"] or "",
            row["summary"],
        )
    return table
