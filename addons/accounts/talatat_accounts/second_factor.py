"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

A code is 6 digits of HMAC-SHA-1 over the half minute, the form that every app knows. One is taken of this
half minute, the one before and the one after, for clocks that differ, and none is taken twice: the step of
the last one is kept, and moves in one statement, so that of parallel tries with one code one succeeds.

A recovery code has 120 random bits. There is nothing to guess, so that SHA-256 is enough to keep it. It is
deleted by the statement that uses it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import delete, func, insert, or_, select, update

from talatat.db import utcnow
from talatat_accounts.models import RecoveryCode, SecondFactor

STEP = 30  # seconds
SKEW = 1  # steps to either side
CODES = 10
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"  # Crockford's: no letter that reads as a digit
CODE_LENGTH = 24
MAX_OTP = 64


@dataclass(frozen=True)
class Proof:
    """A code that fits: the time step of a TOTP, or the digest of a recovery code. Not spent yet."""

    step: int | None = None
    recovery: str | None = None


def new_seed() -> str:
    """160 random bits, as RFC 4226 recommends, in base32."""
    return pyotp.random_base32()


def uri_of(seed: str, user: str, issuer: str) -> str:
    """The `otpauth:` URI that apps read, from a QR code or a link."""
    return pyotp.TOTP(seed).provisioning_uri(name=user, issuer_name=issuer or None)


def matching_step(seed: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, of those around now."""
    totp, step, found = pyotp.TOTP(seed), int(now.timestamp()) // STEP, None
    for candidate in range(max(step - SKEW, 0), step + SKEW + 1):
        if hmac.compare_digest(totp.generate_otp(candidate), code):
            found = candidate
    return found


def proof_of(otp: str, seed: str | None, digests: Iterable[str]) -> Proof | None:
    """What a code proves, if it fits: `seed` None is one that cannot be read, `digests` are kept ones."""
    code = otp.replace(" ", "").replace("-", "").upper()
    if code.isascii() and code.isdigit() and len(code) == 6:
        step = None if seed is None else matching_step(seed, code, utcnow())
        return None if step is None else Proof(step=step)
    given = digest(code)
    return Proof(recovery=given) if given in set(digests) else None


def spend(db: Any, user_id: str, proof: Proof) -> bool:
    """Use a code up, in the transaction of what it lets do; False where that has happened before.

    A last step that lies ahead of every code that fits now is of a clock that was wrong, and bars nothing.
    """
    if proof.recovery is not None:
        used = delete(RecoveryCode).where(
            RecoveryCode.user_id == user_id, RecoveryCode.digest == proof.recovery
        )
        return bool(db.execute(used).rowcount)
    ahead = int(utcnow().timestamp()) // STEP + SKEW
    moved = (
        update(SecondFactor)
        .where(
            SecondFactor.user_id == user_id,
            or_(SecondFactor.last_step < proof.step, SecondFactor.last_step > ahead),
        )
        .values(last_step=proof.step)
    )
    return bool(db.execute(moved.execution_options(synchronize_session=False)).rowcount)


def new_codes(db: Any, user_id: str) -> list[str]:
    """Make recovery codes, in place of those that there are; to be shown once."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "digest": digest(code)} for code in codes]
    db.execute(insert(RecoveryCode), rows)
    return ["-".join(code[at : at + 6] for at in range(0, CODE_LENGTH, 6)) for code in codes]


def codes_left(db: Any, user_id: str) -> int:
    """How many recovery codes a user has."""
    count = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return int(db.execute(count).scalar_one())


def remove(db: Any, user_id: str) -> bool:
    """Take the second factor of a user away, with its recovery codes; whether there was one."""
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    gone = delete(SecondFactor).where(SecondFactor.user_id == user_id)
    return bool(db.execute(gone).rowcount)


def digest(code: str) -> str:
    """What the database keeps of a recovery code."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
