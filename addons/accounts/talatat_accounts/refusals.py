"""What a login that is refused is answered, and the ticket between the two steps of the form."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from talatat.db import utcnow
from talatat.problems import Problem
from talatat.security.event import Outcome
from talatat.security.keys import WrongKey
from talatat_accounts.cookies import keys_of

PROBLEMS = {
    "invalid_credentials": (401, "The name or the password is wrong."),
    "second_factor_needed": (
        401,
        "The password is right; send the code of the second factor as `otp` too.",
    ),
    "invalid_second_factor": (401, "The code is wrong, too old, or was used before."),
    "too_many_attempts": (429, "Too many failed logins; wait as long as `Retry-After` says."),
}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="talatat"'}
PURPOSE = b"accounts.login ticket"
TICKET_SECONDS = 300


class Refusal(Problem):
    """A login that is refused: the problem to answer, and what is told of it as a security event."""

    event = "accounts.login"
    outcome: Outcome = "failed"
    user_id: str | None = None


class SecondFactorNeeded(Refusal):
    """The password was right, and a code is missing. `ticket_for` lets a form ask for that alone."""

    outcome: Outcome = "refused"

    def __init__(self, user_id: str, name: str, password_hash: str) -> None:
        super().__init__(
            401,
            "second_factor_needed",
            "Send the code of the authenticator app, or a recovery code, as `otp` with the same request.",
            headers=CHALLENGE,
        )
        self.user_id, self.name, self.password_hash = user_id, name, password_hash

    def ticket_for(self, request: Any) -> str:
        """A text for a hidden field that stands for the password for a few minutes."""
        told = [self.name, _mark(self.user_id, self.password_hash), int(utcnow().timestamp())]
        return keys_of(request).encrypt(PURPOSE, json.dumps(told).encode())


@dataclass(frozen=True)
class Ticket:
    """That the password of `name` was shown a moment ago."""

    name: str
    mark: str

    def is_of(self, user_id: str, password_hash: str | None) -> bool:
        """Whether this is still the account and its password."""
        return password_hash is not None and self.mark == _mark(user_id, password_hash)


def read_ticket(request: Any, text: str) -> Ticket:
    """What a ticket says; raises Problem 401 for one that is over, or none of ours."""
    try:
        name, mark, made_at = json.loads(keys_of(request).decrypt(PURPOSE, text))
    except WrongKey:
        raise _over() from None
    if abs(utcnow().timestamp() - made_at) > TICKET_SECONDS:
        raise _over()
    return Ticket(name, mark)


def _over() -> Refusal:
    return _refusal(401, "invalid_credentials", "That took too long. Log in again.", CHALLENGE)


def _mark(user_id: str, password_hash: str) -> str:
    return hashlib.sha256(f"{user_id} {password_hash}".encode()).hexdigest()


def wrong(user_id: str | None = None) -> Refusal:
    """One answer for a wrong password, an unknown name and an account that is closed."""
    detail = "The name or the password is wrong."
    return _refusal(401, "invalid_credentials", detail, CHALLENGE, user_id)


def wrong_code(user_id: str) -> Refusal:
    """One answer for a code that is wrong, one that was used before, and one that is too old."""
    detail = "The code is wrong, too old, or was used before. Wait for the next one."
    refusal = _refusal(401, "invalid_second_factor", detail, CHALLENGE, user_id)
    refusal.event = "accounts.second_factor"
    return refusal


def too_many(seconds: int, user_id: str | None, event: str = "accounts.login") -> Refusal:
    """429, also for the right password: else it could be told."""
    detail = f"Too many failed logins. Try again in {seconds} seconds."
    headers = {"Retry-After": str(seconds)}
    refusal = _refusal(429, "too_many_attempts", detail, headers, user_id)
    refusal.event, refusal.outcome = event, "refused"
    return refusal


def _refusal(
    status: int, code: str, detail: str, headers: dict[str, str], user_id: str | None = None
) -> Refusal:
    refusal = Refusal(status, code, detail, headers=headers)
    refusal.user_id = user_id
    return refusal
