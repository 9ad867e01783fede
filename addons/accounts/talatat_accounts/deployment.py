"""What `talatat doctor` looks at before accounts are trusted to a system."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import inspect, select, union

from talatat.deployment import Deployment, Found
from talatat_accounts.models import Grant, Membership, SecondFactor, User
from talatat_accounts.settings import DAY, HOUR

ADMIN = "admin"
_HOLDERS = union(
    select(Grant.user_id).where(Grant.role == ADMIN, Grant.user_id.is_not(None)),
    select(Membership.user_id)
    .join(Grant, Grant.group_id == Membership.group_id)
    .where(Grant.role == ADMIN),
)
_CONFIRMED = select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))
_UNGUARDED = (
    select(User.name)
    .where(User.active, User.password_hash.is_not(None))
    .where(User.id.in_(_HOLDERS), User.id.not_in(_CONFIRMED))
    .order_by(User.name)
)

# What OWASP's password storage cheat sheet asks of Argon2id at least: passes -> KiB.
LEAST_MEMORY = {1: 47104, 2: 19456, 3: 12288, 4: 9216, 5: 7168}
LONGEST_IDLE = 24 * HOUR
LONGEST_SESSION = 30 * DAY
LONGEST_TOKEN = 366 * DAY
MOST_ATTEMPTS = 20
MOST_ATTEMPTS_ADDRESS = 1000


def argon2(case: Deployment) -> Iterator[Found]:
    """Whoever copies the database guesses passwords at the price that `accounts.argon2_*` set.

    OWASP asks of Argon2id 46 MiB with one pass, 19 MiB with two, 12 MiB with three, 9 MiB with four or 7
    MiB with five at least.
    """
    settings = case.settings["accounts"]
    passes, memory = settings.argon2_time_cost, settings.argon2_memory_cost
    if memory < LEAST_MEMORY[min(passes, max(LEAST_MEMORY))]:
        yield Found(
            f"a guess costs {passes} passes over {memory} KiB, less than OWASP asks",
            case.in_app(
                "accounts.argon2_time_cost = 3 and accounts.argon2_memory_cost = 65536 (or delete the lines)"
            ),
        )


def sessions(case: Deployment) -> Iterator[Found]:
    """A session that was left open on a machine of others' is theirs until it ends.

    `accounts.session_idle` is a day at most, `accounts.session_lifetime` 30 days.
    """
    settings = case.settings["accounts"]
    for name, most in (("session_idle", LONGEST_IDLE), ("session_lifetime", LONGEST_SESSION)):
        if getattr(settings, name) > most:
            yield Found(
                f"accounts.{name} is {getattr(settings, name)} seconds, more than {most}",
                case.in_app(f"accounts.{name} = {most}, or less"),
            )


def tokens(case: Deployment) -> Iterator[Found]:
    """A token that leaked and that nobody misses works until it ends: `accounts.token_lifetime_max`."""
    settings = case.settings["accounts"]
    if settings.token_lifetime_max > LONGEST_TOKEN:
        yield Found(
            f"a token may live for {settings.token_lifetime_max // DAY} days",
            case.in_app(f"accounts.token_lifetime_max = {LONGEST_TOKEN}, or less"),
        )


def login_limits(case: Deployment) -> Iterator[Found]:
    """Passwords are guessed as often as `accounts.login_attempts` and `.login_attempts_address` let them."""
    settings = case.settings["accounts"]
    limits = (("login_attempts", MOST_ATTEMPTS), ("login_attempts_address", MOST_ATTEMPTS_ADDRESS))
    for name, most in limits:
        if getattr(settings, name) > most:
            yield Found(
                f"accounts.{name} lets {getattr(settings, name)} guesses pass in {settings.login_window} s",
                case.in_app(f"accounts.{name} = {most}, or less"),
            )


def second_factor(case: Deployment) -> Iterator[Found]:
    """An administrator's password that somebody else has learned opens everything.

    Looked for are users who hold the role `admin`, themselves or by a group, can log in by password, and
    have no second factor.
    """
    if not case.released:
        return
    with case.reading() as connection:
        if not inspect(connection).has_table(SecondFactor.__tablename__):
            return
        names = connection.execute(_UNGUARDED).scalars().all()
    if names:
        yield Found(
            f"administrators without a second factor: {', '.join(names)}",
            "let each of them set one up at /api/accounts/v1/me/second-factor",
        )
