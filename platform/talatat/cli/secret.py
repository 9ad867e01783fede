"""`talatat secret INI [KEY]`: which secrets there are, and replacing one while processes serve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import click
from rich.table import Table

from talatat.cli.options import Choice, composing
from talatat.cli.output import console, print_json
from talatat.cli.telling import told
from talatat.db.encrypted import encrypted_columns
from talatat.db.reencrypting import Encryption, examine
from talatat.errors import TalatatError
from talatat.evolution.opening import open_database
from talatat.evolution.processes import live_processes
from talatat.security.keys import ring_of
from talatat.settings.rotating import Secret, Step, secret_of, secrets_of, take
from talatat.settings.secrets import in_memory
from talatat.system import System

ENCRYPTING = "talatat.secret"


@click.command(name="secret")
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("key", required=False)
@click.option("--add", "step", flag_value="add", help="1. Add a new value, which is accepted.")
@click.option("--use", "step", flag_value="use", help="2. Sign with the new value.")
@click.option("--drop", "step", flag_value="drop", help="3. Take the former value out.")
@click.option("--reencrypt", is_flag=True, help="Encrypt with the value that is current now.")
@click.option("--now", is_flag=True, help="Do not wait for what the former value signed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@partial(told, when=("step", "reencrypt"))
@composing
def command(
    ini: str,
    key: str | None,
    step: Step | None,
    reencrypt: bool,
    now: bool,
    as_json: bool,
    choice: Choice,
) -> int:
    """List the secrets of a system, or replace one in steps, between which all processes are restarted.

    No value is shown, but a fingerprint of each. A step is refused while a process serves that was started
    before the step before it, and --drop before all that the former value signed is over.

    Exit codes: 0 done, 1 error or refused, 2 --reencrypt found values that no key reads.
    """
    with in_memory():  # in development too: composing makes no secret that is missing
        system: System = choice.compose(ini).registry.system
    if reencrypt:
        return _reencrypt(system, as_json)
    if step is None:
        _list([secret_of(system.settings, key)] if key else secrets_of(system.settings), as_json)
        return 0
    if key is None:
        raise click.UsageError(f"--{step} needs the KEY of a secret")
    secret = secret_of(system.settings, key)
    if not now:
        _check_processes(ini, secret, step)
        _check_lifetime(ini, secret, step)
    if step == "drop":
        _check_encrypted(ini, system, secret)
    values = take(secret, step)
    _tell(ini, system, secret, step, list(values), as_json)
    return 0


def fingerprint(value: str) -> str:
    """Eight characters by which to tell values apart, and to compare hosts."""
    return ring_of((value,)).sign(b"talatat.fingerprint", b"").hex()[:8]


def _list(secrets: list[Secret], as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {
            "key": one.key,
            "source": one.source,
            "values": [fingerprint(value) for value in one.values],
            "changed_at": one.changed_at,
            "lifetime": one.lifetime,
        }
        for one in secrets
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("key", "from", "current", "accepted too", box=None, pad_edge=False)
    for row in rows:
        current, *others = row["values"]
        table.add_row(row["key"], row["source"], current, " ".join(others) or "-")
    console().print(table)


def _check_processes(ini: str, secret: Secret, step: Step) -> None:
    """Refuse while a process holds the values from before the last step."""
    changed = secret.changed_at
    if step == "add" or changed is None:
        return
    with open_database(ini).reading() as connection:
        serving = live_processes(connection)
    # A process that has served two releases has two rows.
    old = {f"{one['host']}:{one['pid']}" for one in serving if one["started_at"] < changed}
    if old:
        raise TalatatError(
            f"{secret.place}: {secret.key} was changed {_moment(changed)}, and these processes were "
            f"started before: {', '.join(sorted(old))}. Restart them, or say --now."
        )


def _check_lifetime(ini: str, secret: Secret, step: Step) -> None:
    changed = secret.changed_at
    if step != "drop" or changed is None or len(secret.values) < 2:
        return
    over = changed + timedelta(seconds=secret.lifetime or 0)
    if over > datetime.now(UTC):
        raise TalatatError(
            f"{secret.place}: what the former value of {secret.key} signed may be in use until "
            f"{_moment(over)}. Wait until then; or end it now, where the value is known to others: --now."
        )


def _check_encrypted(ini: str, system: System, secret: Secret) -> None:
    """Refuse in any case what would make stored values unreadable."""
    if secret.key != ENCRYPTING or len(secret.values) < 2:
        return
    found = [one for one in _examined(system, renew=False) if one.former]
    if found:
        told = ", ".join(f"{one.column} ({one.former:,})" for one in found)
        raise TalatatError(
            f"{secret.place}: a former value of {secret.key} encrypted what is kept in {told}. Encrypt it "
            f"anew first: talatat secret {ini} --reencrypt"
        )


def _examined(system: System, *, renew: bool) -> list[Encryption]:
    return [
        examine(system.database, column, system.keys, renew=renew)
        for column in encrypted_columns(system.composition)
    ]


def _reencrypt(system: System, as_json: bool) -> int:
    found = _examined(system, renew=True)
    if as_json:
        print_json([vars(one) for one in found])
    else:
        for one in found:
            lost = f", {one.unreadable:,} that no key reads" if one.unreadable else ""
            console().print(f"{one.column}: {one.current:,} values{lost}", markup=False)
        console().print("All that can be read is encrypted with the current value.", markup=False)
    return 2 if any(one.unreadable for one in found) else 0


def _tell(
    ini: str, system: System, secret: Secret, step: Step, values: list[str], as_json: bool
) -> None:
    prints = [fingerprint(one) for one in values]
    following = _following(ini, system, secret, step)
    if as_json:
        told: dict[str, Any] = {"key": secret.key, "step": step, "values": prints}
        print_json({**told, "next": following})
        return
    others = f"; accepted too: {', '.join(prints[1:])}" if prints[1:] else ""
    console().print(f"{secret.key}: {prints[0]} signs{others}.", markup=False)
    console().print("Restart every process of this system.", markup=False)
    for line in following:
        console().print(f"Then: {line}", markup=False)


def _following(ini: str, system: System, secret: Secret, step: Step) -> list[str]:
    """The commands that come next."""
    if step == "add":
        return [f"talatat secret {ini} {secret.key} --use"]
    if step == "drop":
        return []
    encrypts = secret.key == ENCRYPTING and encrypted_columns(system.composition)
    over = datetime.now(UTC) + timedelta(seconds=secret.lifetime or 0)
    drop = f"talatat secret {ini} {secret.key} --drop   (from {_moment(over)} on)"
    return [*([f"talatat secret {ini} --reencrypt"] if encrypts else []), drop]


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
