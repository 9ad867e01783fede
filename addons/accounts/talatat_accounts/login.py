"""Showing a password: counted, the same work and the same answer for every name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from talatat.db import transaction
from talatat.problems import Problem
from talatat_accounts import attempts
from talatat_accounts.models import User
from talatat_accounts.passwords import passwords_of

PROBLEMS = {
    "invalid_credentials": (401, "The name or the password is wrong."),
    "too_many_attempts": (429, "Too many failed logins; wait as long as `Retry-After` says."),
}


@dataclass(frozen=True)
class Login:
    """Somebody who showed their password just now; `new_hash` replaces one of an older cost."""

    user_id: str
    name: str
    new_hash: str | None


def authenticate(request: Any, name: str, password: str) -> Login:
    """Who this is. Raises Problem 401 `invalid_credentials` or 429 `too_many_attempts`.

    Call it before the request writes anything: its transaction is begun anew.
    """
    with outside_transaction(request):
        return _authenticated(request, name, password)


def _authenticated(request: Any, name: str, password: str) -> Login:
    system = request.registry.system
    settings = system.settings["accounts"]
    limits = attempts.limits_for(settings, name, request.remote_addr or "")
    with transaction(system) as (_, session):
        wait = attempts.take(session, limits, settings.login_window)
        user = session.execute(
            select(User.id, User.name, User.password_hash).where(User.name == name, User.active)
        ).one_or_none()
    if wait:
        raise too_many(wait)
    passwords = passwords_of(system)
    if not passwords.verify(user and user.password_hash, password):
        raise refused()
    outdated = passwords.is_outdated(user.password_hash)
    return Login(user.id, user.name, passwords.hash(password) if outdated else None)


def forgive(request: Any, login: Login) -> None:
    """Forget the failures that came before a success, in the request's transaction."""
    settings = request.registry.system.settings["accounts"]
    limits = attempts.limits_for(settings, login.name, request.remote_addr or "")
    attempts.give_back(request.db, *limits)


def accepted(request: Any, login: Login) -> None:
    """Note a login in the request's transaction: failures are forgotten, an old hash replaced."""
    forgive(request, login)
    if login.new_hash:
        request.db.execute(
            update(User).where(User.id == login.user_id).values(password_hash=login.new_hash)
        )


def refused() -> Problem:
    """One answer for a wrong password, an unknown name and an account that is closed."""
    return Problem(
        401,
        "invalid_credentials",
        "The name or the password is wrong.",
        headers={"WWW-Authenticate": 'Bearer realm="talatat"'},
    )


def too_many(seconds: int) -> Problem:
    """429, also for the right password: else it could be told."""
    return Problem(
        429,
        "too_many_attempts",
        f"Too many failed logins. Try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


@contextmanager
def outside_transaction(request: Any) -> Iterator[None]:
    """Let go of what the request's transaction holds while a password is hashed, which takes long.

    It has only read so far, to identify; on SQLite it would hold everybody's write lock, against which
    the counting of the attempt, a transaction of its own, would wait in vain.
    """
    request.tm.abort()
    try:
        yield
    finally:
        request.tm.begin()
