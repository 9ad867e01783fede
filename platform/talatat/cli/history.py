"""`talatat history INI [N]`: what was applied, when, by whom; and how to go back. Imports no addon."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import click
from rich.table import Table

from talatat.cli.output import console, print_json
from talatat.configuration.provenance import shown_path
from talatat.evolution.history import Details, Past, details, history, text_of
from talatat.evolution.opening import open_database

if TYPE_CHECKING:
    from rich.console import Console

    from talatat.evolution.opening import Opened

_DIGEST = 12
_TITLES = ("release", "when (UTC)", "who", "kind", "what changed", "revisions", "plan", "note")
_WHOLE = ("release", "when (UTC)", "kind", "plan")  # not to be broken over two lines
_ROOM = 120  # columns of a terminal in which each text has a column of its own


@click.command(name="history")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("number", type=int, required=False)
@click.option(
    "--text",
    "revision",
    metavar="ADDON:REVISION",
    help="Print the file of a revision as it was run.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(ini: str, number: int | None, revision: str | None, as_json: bool) -> int:
    """The releases of a database, or release NUMBER in full.

    Exit codes: 0, or 1 where there is no such release or revision.
    """
    opened = open_database(ini)
    try:
        if revision is not None:
            return _text(opened, revision, as_json)
        if number is not None:
            return _one(opened, number, as_json)
        return _all(opened, as_json)
    finally:
        opened.database.dispose()


def _text(opened: Opened, revision: str, as_json: bool) -> int:
    addon, colon, name = revision.partition(":")
    if not colon:
        raise click.UsageError(f"--text {revision}: say ADDON:REVISION.")
    text = text_of(opened, addon, name)
    if as_json:
        print_json({"addon": addon, "revision": name, "text": text})
    else:
        click.echo(text, nl=not text.endswith("\n"))
    return 0


def _all(opened: Opened, as_json: bool) -> int:
    found = history(opened)
    if as_json:
        print_json([one.as_json() for one in found])
        return 0
    if not found:
        click.echo(
            f"No release yet: nothing was applied to {opened.target}. See what would be: talatat plan "
            f"{opened.ini.uri}"
        )
        return 0
    out = console()
    out.print(_table(found, out.width))
    return 0


def _table(found: list[Past], width: int) -> Table:
    """One row a release. What is compared or copied stays whole; texts wrap.

    A narrow terminal has one column for all texts: four would be broken inside their words.
    """
    rows = [_row(before, one) for before, one in pairwise([None, *found]) if one is not None]
    titles = _WHOLE if width < _ROOM else _TITLES
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        right = title == "release"
        table.add_column(
            title, overflow="fold", no_wrap=title in _WHOLE, justify="right" if right else "left"
        )
    texts = [title for title in _TITLES if title not in titles]
    if texts:
        table.add_column(", ".join(texts), overflow="fold")
    for row in rows:
        rest = "; ".join(row[title] for title in texts if row[title])
        table.add_row(*(row[title] for title in titles), *([rest] if texts else []))
    return table


def _row(before: Past | None, one: Past) -> dict[str, str]:
    release = one.release
    return {
        "release": str(release.number),
        "when (UTC)": f"{release.made_at:%Y-%m-%d %H:%M:%S}",
        "who": release.who,
        "kind": release.kind or "apply",
        "what changed": _changed(before, one),
        "revisions": _revisions(one),
        "plan": (release.plan or "")[:_DIGEST],
        "note": release.note or "",
    }


def _changed(before: Past | None, one: Past) -> str:
    """Which addons are new, gone or of another version."""
    was = {addon["name"]: addon["version"] for addon in before.addons} if before else {}
    now = {addon["name"]: addon["version"] for addon in one.addons}
    parts = [f"+ {name} {version}" for name, version in now.items() if name not in was]
    parts += [f"- {name}" for name in was if name not in now]
    parts += [
        f"~ {name} {was[name]} -> {version}"
        for name, version in now.items()
        if was.get(name, version) != version
    ]
    return ", ".join(parts) or "same addons and versions"


def _revisions(one: Past) -> str:
    up = sum(entry.direction == "up" for entry in one.entries)
    down = len(one.entries) - up
    return ", ".join(text for number, text in ((up, f"{up} up"), (down, f"{down} down")) if number)


def _one(opened: Opened, number: int, as_json: bool) -> int:
    found = details(opened, number)
    if as_json:
        print_json(found.as_json())
        return 0
    show(found, shown_path(opened.ini.uri), console())
    return 0


def show(found: Details, ini: str, out: Console) -> None:
    """Print one release in full."""
    release = found.past.release
    out.print(f"Release {release.number} ({release.kind or 'apply'})", style="bold")
    out.print(f"  {release.made_at:%Y-%m-%d %H:%M:%S} UTC by {release.who}", markup=False)
    for label, value in (("note", release.note), ("plan", release.plan)):
        if value:
            out.print(f"  {label} {value}", markup=False)
    addons = ", ".join(f"{one['name']} {one['version']}" for one in found.past.addons)
    out.print(f"  addons {addons or '(none)'}", markup=False)
    since = f"since release {found.previous}" if found.previous else "since nothing"
    _section(
        out,
        f"Changes {since}",
        [
            f"{one.symbol} {one.section} {one.what}{f': {one.detail}' if one.detail else ''}"
            for one in found.changes
        ],
    )
    _section(
        out,
        "Revisions",
        [
            f"{'+' if one.direction == 'up' else '-'} {one.addon} {one.revision} ({one.phase}) "
            f"{one.direction}, {one.finished_at:%H:%M:%S}"
            for one in found.past.entries
        ],
    )
    _section(out, "Kept for the way back", [f"{keep}: {rows} rows" for keep, rows in found.kept])
    out.print()
    if found.previous:
        back = f"talatat rollback {ini} --to {found.previous}"
        out.print(f"To how it was before this release: {back}", markup=False)
    out.print(
        f"Back to this release from a later one: talatat rollback {ini} --to {release.number}"
    )


def _section(out: Console, title: str, lines: list[str]) -> None:
    if lines:
        out.print(f"\n{title}", style="bold")
        for line in lines:
            out.print(f"  {line}", markup=False)
