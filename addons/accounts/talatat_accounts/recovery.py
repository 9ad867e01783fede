"""Getting back in: a new password from the command line, for somebody who can log in no more.

    python -m talatat_accounts.recovery production.ini --user admin

prints a random password, once. `--stdin` reads one instead. Whoever can run this reads the database anyway,
so nothing is asked of them. All sessions and tokens of the account end; `--second-factor` takes a lost second
factor away too, and `--activate` opens an account that was closed.
"""

import secrets
import sys
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy import delete, select

from talatat.db import transaction
from talatat.db.origin import Origin, acting_as, who
from talatat.db.unsent import unsent_request
from talatat.errors import TalatatError
from talatat.security import tell
from talatat_accounts import attempts, second_factor
from talatat_accounts.command import composed_for
from talatat_accounts.credentials import end_credentials, set_password
from talatat_accounts.models import Attempt, User
from talatat_accounts.passwords import MAX_LENGTH, check_strength, passwords_of
from talatat_accounts.schemas import normal_name


@dataclass(frozen=True)
class Wanted:
    """What is to be done, beside the password."""

    second_factor: bool = False
    activate: bool = False


def reset_password(registry: Any, name: str, password: str, wanted: Wanted | None = None) -> str:
    """Give the user `name` this password, and end their logins; a sentence that tells what was done.

    Raises TalatatError for a user that there is not, and a password that is too weak.
    """
    wanted, name, system = wanted or Wanted(), normal_name(name), registry.system
    new_hash = passwords_of(system).hash(password)  # before anything is locked
    with transaction(system) as (tm, session):
        user = session.scalars(select(User).where(User.name == name)).one_or_none()
        if user is None:
            raise TalatatError(f"there is no user {name!r}.{_others(session)}")
        if fault := check_strength(system, password, user.name, user.email):
            raise TalatatError(f"the password {fault}: choose another one")
        if not user.active and not wanted.activate:
            raise TalatatError(f"the account {name!r} is closed: say --activate to open it too")
        set_password(user, new_hash)
        user.active = True
        end_credentials(session, user.id)
        gone = wanted.second_factor and second_factor.remove(session, user.id)
        _forgive(session, user)
        _tell(unsent_request(registry, tm, session), user, gone)
        return _said(user, gone)


def _forgive(session: Any, user: User) -> None:
    """Forget the failures that are counted under the account alone."""
    keys = [attempts.key("everywhere", user.name), attempts.key("second factor", user.id)]
    session.execute(delete(Attempt).where(Attempt.key.in_(keys)))


def _tell(request: Any, user: User, gone: bool) -> None:
    tell(request, "accounts.password_changed", subject=user.id, by="command line")
    if gone:
        tell(request, "accounts.second_factor_reset", subject=user.id, by="command line")


def _said(user: User, gone: bool) -> str:
    said = f"{user.name} has a new password; all their sessions and tokens have ended"
    if gone:
        return f"{said}, and their second factor is taken away"
    if user.has_second_factor:
        return f"{said}. A login asks for the second factor still; --second-factor takes it away"
    return said


def _others(session: Any) -> str:
    names = session.scalars(select(User.name).order_by(User.name).limit(5)).all()
    return f" There are: {', '.join(names)}" if names else " There is nobody yet."


def run(ini: str, name: str, password: str, wanted: Wanted) -> str:
    """Do what the command does; returns the line to print."""
    run = Origin("command", who(), "accounts.recovery")
    with composed_for(ini) as registry, acting_as(run):
        return reset_password(registry, name, password, wanted)


@click.command()
@click.argument("ini", type=click.Path(dir_okay=False))
@click.option("--user", "name", required=True, help="What the user logs in as.")
@click.option("--stdin", is_flag=True, help="Read the password from standard input, a line.")
@click.option("--second-factor", is_flag=True, help="Take a lost second factor away too.")
@click.option("--activate", is_flag=True, help="Open an account that was closed.")
def main(ini: str, name: str, stdin: bool, second_factor: bool, activate: bool) -> None:
    """Give a user of the system that INI composes a new password, and end all their logins."""
    if stdin:
        password = sys.stdin.readline(MAX_LENGTH + 2).rstrip("\r\n")
        if not password or len(password) > MAX_LENGTH:
            raise click.ClickException(
                f"standard input begins with no password of 1 to {MAX_LENGTH} characters"
            )
    else:
        password = secrets.token_urlsafe(18)
    try:
        said = run(ini, name, password, Wanted(second_factor, activate))
    except (TalatatError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(said, err=True)
    if not stdin:
        click.echo(password)  # alone on standard output, and nowhere else


if __name__ == "__main__":
    main(prog_name="python -m talatat_accounts.recovery")
