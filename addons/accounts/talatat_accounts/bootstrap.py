"""The first administrator: made at random on the first start, for there is no default password.

    python -m talatat_accounts.bootstrap INI --out var/admin.json --url http://localhost:6543

writes `{url, docs, user, password, token}` with mode 0600. On every later start there is an
administrator already and nothing is made; only an address that has changed is brought up to date.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from talatat.atomic_files import replacing
from talatat.db import new_id, transaction, utcnow
from talatat.errors import TalatatError
from talatat_accounts.command import composed_for
from talatat_accounts.minting import Maker, Narrowed, mint
from talatat_accounts.models import Grant, User
from talatat_accounts.passwords import passwords_of

ROLE = "admin"


@dataclass(frozen=True)
class Credentials:
    """What the new administrator logs in with; kept nowhere else."""

    user: str
    password: str
    token: str

    def __repr__(self) -> str:
        return f"<Credentials of {self.user}>"


def ensure_admin(
    system: Any, name: str = "admin", keep: Callable[[Credentials], None] | None = None
) -> Credentials | None:
    """Make an administrator if nobody has that role; returns None if somebody does.

    `keep` is called before the commit: if it fails nothing was made, and if the process dies between
    the two, the next start makes other credentials. Raises TalatatError for a name that is taken.
    """
    try:
        return _make_admin(system, name, keep)
    except IntegrityError:  # another process made the same one at the same moment
        return None


def _make_admin(
    system: Any, name: str, keep: Callable[[Credentials], None] | None
) -> Credentials | None:
    with transaction(system) as (_, session):
        # The name first: a start at the same moment commits name and role together.
        taken = session.scalars(select(User.id).where(User.name == name)).first()
        if session.scalars(select(Grant.id).where(Grant.role == ROLE).limit(1)).first():
            return None
        if taken:
            raise TalatatError(
                f"nobody has the role {ROLE!r}, and the user {name!r} exists without it: "
                "choose another name with --name."
            )
        password = secrets.token_urlsafe(18)
        user = User(
            id=new_id(),
            name=name,
            display_name="Administrator",
            active=True,
            password_hash=passwords_of(system).hash(password),
            password_changed_at=utcnow(),
            grants=[Grant(role=ROLE, addon="talatat")],
        )
        session.add(user)
        session.flush()
        lifetime = system.settings["accounts"].token_lifetime_max
        minted = mint(session, Maker(user.id, user.name), Narrowed(), lifetime, "first start")
        credentials = Credentials(name, password, minted.secret)
        if keep is not None:
            keep(credentials)
        return credentials


def write_private(path: Path, document: dict[str, str]) -> None:
    """Write JSON in one step that nobody else can read; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(document, indent=2) + "\n")


def set_aside(path: Path) -> list[Path]:
    """Give a file that is there another name: what it holds may be kept nowhere else. Its new path."""
    if not path.exists():
        return []
    number = 1
    while (other := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return [path.rename(other)]


def addresses(url: str) -> dict[str, str]:
    """Where the system and its documentation are."""
    url = url.rstrip("/")
    return {"url": url, "docs": f"{url}/docs"}


def move(path: Path, url: str) -> bool:
    """Put the present address into a file that an earlier start wrote; whether that changed it.

    Any other file is left.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if isinstance(document, dict) and {"user", "password", "token"} <= document.keys():
        moved = {**document, **addresses(url)}
        if moved != document:
            write_private(path, moved)
            return True
    return False


def run(ini: str, out: Path, url: str, name: str) -> str:
    """Do what the command does; returns the line to print."""
    aside: list[Path] = []

    def keep(made: Credentials) -> None:
        aside.extend(set_aside(out))
        write_private(
            out,
            {**addresses(url), "user": made.user, "password": made.password, "token": made.token},
        )

    with composed_for(ini) as registry:
        made = ensure_admin(registry.system, name, keep)
    if made is not None:
        kept = f"; another system's file is now {aside[0]}" if aside else ""
        return f"made the administrator {made.user!r}: see {out}{kept}"
    if move(out, url):
        return f"{out} has the new address {url}"
    return "an administrator exists already: nothing was made"


@click.command()
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--url", required=True, help="Where the system will be served.")
@click.option("--name", default="admin", show_default=True, help="What to log in as.")
def main(ini: str, out: Path, url: str, name: str) -> None:
    """Make the first administrator of the system that INI composes."""
    try:
        click.echo(run(ini, out, url, name))
    except (TalatatError, OSError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main(prog_name="python -m talatat_accounts.bootstrap")
