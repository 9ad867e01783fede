"""`/api/accounts/v1/me/second-factor`: one's own authenticator app and recovery codes.

All that changes it takes a session with a recent login: neither a token that leaked nor a desk that was left
may lock its owner out, or let somebody in.
"""

from typing import Any

from cornice import Service
from sqlalchemy import select
from sqlalchemy.orm import undefer

from talatat.db import utcnow
from talatat.problems import Problem
from talatat.schema.types import format_timestamp
from talatat.security import tell
from talatat_accounts import second_factor
from talatat_accounts.models import SecondFactor, User
from talatat_accounts.own import nothing, own_identity
from talatat_accounts.refusals import wrong_code
from talatat_accounts.schemas import (
    CodeBody,
    EnrolmentSchema,
    RecoveryCodesSchema,
    SecondFactorSchema,
    body_of,
)
from talatat_accounts.sessions import end_others

PATH = "/api/accounts/v1/me/second-factor"
factor = Service(
    name="accounts.second_factor",
    path=PATH,
    description="The second factor of the account that asks",
)
confirmation = Service(
    name="accounts.second_factor.confirmation",
    path=PATH + "{_verb::confirm}",
    description="The first code of a new second factor",
)
codes = Service(
    name="accounts.second_factor.codes",
    path=PATH + "{_verb::renew-codes}",
    description="New recovery codes for the account that asks",
)

SENSITIVE: dict[str, Any] = {"permission": "accounts.self", "recent_login": "always"}
NOT_ENROLLED = {"second_factor_missing": (409, "There is no second factor, or no new one.")}


@factor.get(permission="accounts.self", response=SecondFactorSchema, problems={})
def show_factor(request: Any) -> Any:
    """Whether a login takes a code too, and how many recovery codes are left."""
    user_id = own_identity(request).id
    row = request.db.get(SecondFactor, user_id)
    since = None if row is None else row.confirmed_at
    return {
        "enrolled": since is not None,
        "confirmed_at": since and format_timestamp(since),
        "recovery_codes_left": second_factor.codes_left(request.db, user_id),
    }


@factor.post(
    **SENSITIVE,
    idempotency="refused",  # the answer holds the secret
    status=201,
    operation="enrol",
    response=EnrolmentSchema,
    headers=("Location",),
    problems={"second_factor_enrolled": (409, "There is one already; take it away first.")},
)
def enrol(request: Any) -> Any:
    """Begin to enrol an authenticator app; its first code to `:confirm` ends that.

    The answer is the only place where the seed is ever shown. Asked again before that, there is another one.
    """
    identity, db = own_identity(request), request.db
    row = db.get(SecondFactor, identity.id, with_for_update=True)
    if row is not None and row.confirmed_at is not None:
        detail = "A second factor is enrolled already. Take it away first, with DELETE."
        raise Problem(409, "second_factor_enrolled", detail)
    seed = second_factor.new_seed()
    if row is None:
        row = SecondFactor(user_id=identity.id)
        db.add(row)
    row.seed, row.last_step, row.created_at = seed, 0, utcnow()
    db.flush()
    platform = request.registry.system.settings
    issuer = platform["accounts"].second_factor_issuer or platform.platform.api_title
    request.response.status_int = 201
    request.response.location = request.path_url
    return {"seed": seed, "uri": second_factor.uri_of(seed, identity.name, issuer)}


@confirmation.post(
    **SENSITIVE,
    idempotency="refused",
    schema=CodeBody,
    operation="confirm",
    response=RecoveryCodesSchema,
    problems={**NOT_ENROLLED, "invalid_second_factor": (401, "The code is wrong or too old.")},
)
def confirm(request: Any) -> Any:
    """Confirm a new second factor with its first code: from now on logins ask for one.

    Ends all other sessions. The answer is the only place where the recovery codes are ever shown.
    """
    identity, db = own_identity(request), request.db
    otp = body_of(request, CodeBody)["otp"]
    waiting = select(SecondFactor).where(
        SecondFactor.user_id == identity.id, SecondFactor.confirmed_at.is_(None)
    )
    row = db.scalars(waiting.options(undefer(SecondFactor.seed)).with_for_update()).one_or_none()
    if row is None:
        raise missing("Begin with POST /api/accounts/v1/me/second-factor.")
    proof = second_factor.proof_of(otp, row.seed, ())
    if proof is None or proof.step is None:
        raise wrong_code(identity.id)
    row.confirmed_at, row.last_step = utcnow(), proof.step
    touched(db, identity.id)
    end_others(request, identity)
    tell(request, "accounts.second_factor_enrolled", subject=identity.id)
    return {"recovery_codes": second_factor.new_codes(db, identity.id)}


@factor.delete(**SENSITIVE, status=204, operation="disable", problems=NOT_ENROLLED)
def disable(request: Any) -> Any:
    """Take the second factor away, with its recovery codes."""
    identity = own_identity(request)
    if not second_factor.remove(request.db, identity.id):
        raise missing("There is none to take away.")
    touched(request.db, identity.id)
    tell(request, "accounts.second_factor_disabled", subject=identity.id)
    return nothing()


@codes.post(
    **SENSITIVE,
    idempotency="refused",
    operation="renew",
    response=RecoveryCodesSchema,
    problems=NOT_ENROLLED,
)
def renew_codes(request: Any) -> Any:
    """Make new recovery codes; those that there are end. Shown in this answer and never again."""
    identity = own_identity(request)
    row = request.db.get(SecondFactor, identity.id, with_for_update=True)
    if row is None or row.confirmed_at is None:
        raise missing("Enrol a second factor first.")
    tell(request, "accounts.recovery_codes_renewed", subject=identity.id)
    return {"recovery_codes": second_factor.new_codes(request.db, identity.id)}


def missing(detail: str) -> Problem:
    """409: what is to be done comes before this."""
    return Problem(409, "second_factor_missing", detail)


def touched(db: Any, user_id: str) -> None:
    """Note on the user that something changed, since a user's ETag stands for this too."""
    db.get_one(User, user_id).updated_at = utcnow()
