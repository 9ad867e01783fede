"""Showing who one is: a password, and a code where a second factor is enrolled.

Every try is counted before anything is compared, with the same work and the same answer for every name.
Whoever shows a right password is told that a code is missing, which tells nothing that a login without a
second factor would not, at the same price: the try counts until the whole login succeeds.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update

from talatat.db import transaction
from talatat.limiting.keys import address_key
from talatat.security import tell
from talatat.security.keys import WrongKey
from talatat_accounts import attempts, refusals, second_factor
from talatat_accounts.attempts import Limit
from talatat_accounts.credentials import hold
from talatat_accounts.models import RecoveryCode, SecondFactor, Session, User
from talatat_accounts.passwords import passwords_of
from talatat_accounts.second_factor import Proof

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """What a login needs to know of an account."""

    id: str
    name: str
    password_hash: str | None
    password_changed_at: datetime | None
    factor: str | None
    """Not None where there is a second factor."""


@dataclass(frozen=True)
class Login:
    """Somebody who showed who they are just now.

    `new_hash` replaces one of an older cost, `limits` are the counts that the try added to, and `proof`, where
    there is a second factor, is its code, still to be spent. `account` is what was looked at.
    """

    account: Account
    limits: tuple[Limit, ...]
    new_hash: str | None = None
    proof: Proof | None = None

    @property
    def user_id(self) -> str:
        """Whose login it is."""
        return self.account.id

    @property
    def name(self) -> str:
        """What they log in as."""
        return self.account.name


# A factor that no code has confirmed yet does not count.
ACCOUNT = (
    select(User.id, User.name, User.password_hash, User.password_changed_at, SecondFactor.user_id)
    .outerjoin(
        SecondFactor, and_(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None))
    )
    .where(User.active)
)
CONFIRMED = select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))
KNOWN = select(Session.id).join(User, User.id == Session.user_id)


def authenticate(
    request: Any, name: str, password: str, otp: str | None = None, *, password_only: bool = False
) -> Login:
    """Who this is. Raises Problem 401 or 429; see `refusals`.

    Call it before the request writes anything: its transaction is begun anew. `password_only` is for somebody
    whose second factor is known to have been shown a moment ago.
    """
    return _told(request, lambda: _by_password(request, name, password, otp, password_only))


def authenticate_again(request: Any, ticket: str, otp: str) -> Login:
    """The second step of a form: a ticket that says that the password was right, and the code."""
    return _told(request, lambda: _by_ticket(request, ticket, otp))


def _told(request: Any, show: Any) -> Login:
    try:
        with outside_transaction(request):
            login: Login = show()
    except refusals.Refusal as refusal:
        # Never under the name that was typed: people type passwords there.
        tell(
            request,
            refusal.event,
            refusal.outcome,
            subject=refusal.user_id,
            reason=refusal.problem_code,
        )
        raise
    return login


def _by_password(
    request: Any, name: str, password: str, otp: str | None, password_only: bool
) -> Login:
    limits, account = _begin(request, name)
    passwords = passwords_of(request.registry.system)
    if not passwords.verify(account and account.password_hash, password) or account is None:
        raise refusals.wrong(None if account is None else account.id)
    assert account.password_hash is not None
    outdated = passwords.is_outdated(account.password_hash)
    new_hash = passwords.hash(password) if outdated else None
    if password_only or account.factor is None:
        return Login(account, tuple(limits), new_hash)
    if not otp:
        raise refusals.SecondFactorNeeded(account.id, account.name, account.password_hash)
    limit, proof = check_code(request, account.id, otp)
    return Login(account, (*limits, limit), new_hash, proof)


def _by_ticket(request: Any, ticket: str, otp: str) -> Login:
    shown = refusals.read_ticket(request, ticket)
    limits, account = _begin(request, shown.name)
    if account is None or not shown.is_of(account.id, account.password_hash):
        raise refusals.wrong(None if account is None else account.id)
    if account.factor is None:  # taken away in between
        return Login(account, tuple(limits))
    limit, proof = check_code(request, account.id, otp)
    return Login(account, (*limits, limit), None, proof)


def _begin(request: Any, name: str) -> tuple[list[Limit], Account | None]:
    """Count the try; the limits it counts under and the account. Raises 429."""
    system, address = request.registry.system, request.remote_addr or ""
    settings = system.settings["accounts"]
    with transaction(system) as (_, session):
        at_home = KNOWN.where(User.name == name, Session.address == address[:64]).limit(1)
        known = session.execute(at_home).first() is not None
        limits = attempts.limits_for(settings, name, address_key(request), known)
        wait = attempts.take(session, limits, settings.login_window)
        row = session.execute(ACCOUNT.where(User.name == name)).one_or_none()
    account = None if row is None else Account(*row)
    if wait:
        raise refusals.too_many(wait, None if account is None else account.id)
    return limits, account


def check_code(request: Any, user_id: str, otp: str) -> tuple[Limit, Proof]:
    """Count a try of the second factor, and see whether the code fits. Raises 401 or 429."""
    system = request.registry.system
    settings = system.settings["accounts"]
    limit = attempts.factor_limit(settings, user_id)
    with transaction(system) as (_, session):
        wait = attempts.take(session, [limit], settings.login_window)
        kept = select(RecoveryCode.digest).where(RecoveryCode.user_id == user_id)
        digests = session.scalars(kept).all()
        seed = _seed(session, user_id)
    if wait:
        raise refusals.too_many(wait, user_id, "accounts.second_factor")
    proof = second_factor.proof_of(otp, seed, digests)
    if proof is None:
        raise refusals.wrong_code(user_id)
    return limit, proof


def _seed(session: Any, user_id: str) -> str | None:
    """The seed, None where it cannot be read any more: the recovery codes still can."""
    try:
        mine = SecondFactor.user_id == user_id
        return session.scalars(select(SecondFactor.seed).where(mine)).one_or_none()
    except WrongKey:
        logger.error(  # noqa: TRY400  # which key is missing is said; a traceback adds nothing
            "the second factor of the account %s was encrypted with a value that talatat.secret does not hold "
            "any more: put that back as a further value, or reset the second factor",
            user_id,
        )
        return None


def accepted(request: Any, login: Login, by: str = "session") -> None:
    """Note a login in the request's transaction: the code is spent, failures are forgotten.

    Raises Problem 401 for a code that was used before. An old hash is replaced.
    """
    settle(request, login)
    if login.new_hash:
        request.db.execute(
            update(User).where(User.id == login.user_id).values(password_hash=login.new_hash)
        )
    tell(request, "accounts.login", subject=login.user_id, by=by)


def settle(request: Any, login: Login) -> None:
    """Forget the failures before a success, and spend its code.

    Raises Problem 401 for a code used before, and for an account that has changed since it was looked at.
    """
    _still_holds(request, login.account)
    if login.proof is not None:
        _spend(request, login, login.proof)
    attempts.give_back(request.db, login.limits)


def _still_holds(request: Any, account: Account) -> None:
    """Lock the account, and see that what lets somebody in is still so.

    To look at a password takes a third of a second, outside of any transaction. Whoever changes it meanwhile
    ends all logins, and this one would begin after that; so would one without a second factor that was just
    enrolled.
    """
    if hold(request.db, account.id) != (True, account.password_changed_at):
        raise _told_of(request, refusals.wrong(account.id), "changed")
    if account.factor is None:
        enrolled = CONFIRMED.where(SecondFactor.user_id == account.id)
        if request.db.execute(enrolled).first() is not None:
            assert account.password_hash is not None
            needed = refusals.SecondFactorNeeded(account.id, account.name, account.password_hash)
            raise _told_of(request, needed, "changed")


def _told_of(request: Any, refusal: refusals.Refusal, reason: str) -> refusals.Refusal:
    tell(request, refusal.event, refusal.outcome, subject=refusal.user_id, reason=reason)
    return refusal


def _spend(request: Any, login: Login, proof: Proof) -> None:
    if not second_factor.spend(request.db, login.user_id, proof):
        raise _told_of(request, refusals.wrong_code(login.user_id), "replayed")
    if proof.recovery is not None:
        left = second_factor.codes_left(request.db, login.user_id)
        tell(request, "accounts.recovery_code", subject=login.user_id, left=left)
    else:
        tell(request, "accounts.second_factor", subject=login.user_id, what="used")


@contextmanager
def outside_transaction(request: Any) -> Iterator[None]:
    """Let go of what the request's transaction holds while a password is hashed, which takes long.

    It has only read so far, to identify; on SQLite it would hold everybody's write lock, against which
    the counting of the attempt, a transaction of its own, would wait in vain.
    """
    request.tm.abort()
    request.registry.system.database.end_reading(request)
    try:
        yield
    finally:
        request.tm.begin()
