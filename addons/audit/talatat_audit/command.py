"""`talatat audit INI`: export the entries, verify their chain, remove what is old enough."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from talatat.composing import compose, load_composition
from talatat.db import utcnow
from talatat.db.origin import Origin, acting_as, who
from talatat.errors import TalatatError, said_by
from talatat_audit.exporting import export, written
from talatat_audit.retention import remove_old
from talatat_audit.sealing import Head, head_of, seal_all
from talatat_audit.verifying import Verified, verify


class Moment(click.ParamType):
    """A day or a moment in UTC."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """The moment; a day is its beginning."""
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time: write 2027-03-01 or 2027-03-01T12:00:00Z", param, ctx)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


class Noted(click.ParamType):
    """A head, NUMBER:DIGEST."""

    name = "head"

    def convert(self, value: Any, param: Any, ctx: Any) -> Head:
        """The head."""
        number, _, digest = str(value).partition(":")
        if not number.isdecimal() or len(digest) != 64:
            self.fail(f"{value!r} is no head: write NUMBER:DIGEST, as it was printed", param, ctx)
        return Head(int(number), digest)


@click.command(name="audit")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--since", type=Moment(), help="Export from this time on (UTC).")
@click.option("--until", type=Moment(), help="Export up to this time, without it.")
@click.option(
    "--after",
    type=click.IntRange(0),
    default=0,
    metavar="NUMBER",
    help="Export what follows this entry: where an earlier export ended.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Export to this file.")
@click.option("--verify", "verifying", is_flag=True, help="Look whether anything was changed.")
@click.option(
    "--head", type=Noted(), metavar="NUMBER:DIGEST", help="Verify that the chain goes through it."
)
@click.option(
    "--remove-old", "removing", is_flag=True, help="Remove what is older than audit.keep_days."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: what was done, or was found.")
def command(
    ini: str,
    since: datetime | None,
    until: datetime | None,
    after: int,
    out: Path | None,
    verifying: bool,
    head: Head | None,
    removing: bool,
    as_json: bool,
) -> int:
    """Export who did what as JSON lines, to standard output or a file; verify it; remove what is old.

    Each entry that was committed before is sealed first. Exit codes: 0 done and sound, 2 --verify found
    something, 1 error.
    """
    if (verifying or head is not None) and removing:
        raise click.UsageError("--verify and --remove-old are two commands.")
    system = _composed(ini)
    try:
        with acting_as(Origin("command", who(), "talatat audit")):
            if removing:
                return _remove(system, as_json)
            seal_all(system.database)
            if verifying or head is not None:
                return _verify(system, head, as_json)
            with system.database.transaction(reading=True) as (_, session):
                if out is None:
                    export(session, sys.stdout, since=since, until=until, after=after)
                    return 0
                with written(out) as file:
                    count, last = export(session, file, since=since, until=until, after=after)
            told = f"{count:,} entries in {out}; the chain ends in {last}"
            _say(as_json, {"entries": count, "out": str(out), "head": str(last)}, told)
            return 0
    except sa.exc.DBAPIError as error:
        raise TalatatError(
            f"The audit trail cannot be used: {said_by(error)}. Is the database at the composition? "
            f"talatat plan {ini}"
        ) from error
    finally:
        system.database.dispose()


def _composed(ini: str) -> Any:
    composition = load_composition(ini)
    if "audit" not in composition.names:
        raise TalatatError(f"{ini} does not compose audit: list it in talatat.addons.")
    return compose(composition).registry.system


def _verify(system: Any, head: Head | None, as_json: bool) -> int:
    with system.database.transaction(reading=True) as (_, session):
        found = verify(session, head)
    told = "\n".join([*(f"! {one}" for one in found.problems), _counted(found)])
    _say(
        as_json,
        {
            "sealed": found.sealed,
            "unsealed": found.unsealed,
            "head": str(found.head),
            "problems": list(found.problems),
        },
        told,
    )
    return 2 if found.problems else 0


def _counted(found: Verified) -> str:
    problems = len(found.problems)
    said = "sound" if not problems else f"{problems} finding{'s' if problems > 1 else ''}"
    return f"{found.sealed:,} entries, {said}; the chain ends in {found.head}"


def _remove(system: Any, as_json: bool) -> int:
    days = system.settings["audit"].keep_days
    if not days:
        _say(as_json, {"removed": 0}, "Nothing removed: audit.keep_days is 0, for ever.")
        return 0
    done = remove_old(system, utcnow() - timedelta(days=days))
    with system.database.transaction(reading=True) as (_, session):
        last = head_of(session)
    _say(
        as_json,
        {"removed": done.entries, "up_to": done.last, "head": str(last)},
        f"{done.entries:,} entries older than {days} days removed; the chain ends in {last}",
    )
    return 0


def _say(as_json: bool, data: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(data, indent=2) if as_json else text)
