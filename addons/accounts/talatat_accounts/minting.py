"""Making tokens: never more than the maker holds, and never for longer than may be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from talatat.db import new_id, utcnow
from talatat.problems import Problem, invalid
from talatat.security.grants import within
from talatat.security.narrowing import is_grantable_access
from talatat_accounts.models import Token
from talatat_accounts.tokens import digest, new_token

PROBLEMS = {
    "scope_exceeded": (403, "A token cannot make one with scopes that it does not have itself.")
}


@dataclass(frozen=True)
class Maker:
    """On whose behalf a token is made.

    `scopes` and `expires_at` are those of the token that asks, None where a password or a session does.
    """

    user_id: str
    name: str
    scopes: Collection[str] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Narrowed:
    """What a new token is limited to: permissions, and access to resources; None limits nothing."""

    scopes: Sequence[str] | None = None
    resources: Sequence[str] | None = None


@dataclass(frozen=True)
class Minted:
    """A new token; `secret` is shown once and kept nowhere."""

    row: Token
    secret: str


def mint(session: Any, maker: Maker, narrowed: Narrowed, lifetime: int, label: str = "") -> Minted:
    """Make a token of `lifetime` seconds; without scopes it has its maker's.

    A maker that is narrowed to resources makes none at all: `accounts.self` is outside of them.
    """
    now, secret = utcnow(), new_token()
    expires_at = now + timedelta(seconds=lifetime)
    if maker.expires_at is not None:
        # A token that is about to end must not be able to prolong itself.
        expires_at = min(expires_at, maker.expires_at)
    scopes = narrowed.scopes
    if scopes is None:
        scopes = None if maker.scopes is None else sorted(maker.scopes)
    row = Token(
        id=new_id(),
        user_id=maker.user_id,
        digest=digest(secret),
        label=label,
        scopes=None if scopes is None else list(scopes),
        resources=None if narrowed.resources is None else list(narrowed.resources),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return Minted(row, secret)


def check_scopes(security: Any, maker: Maker, scopes: Sequence[str] | None) -> None:
    """Raise Problem 422 for scopes that name nothing, 403 for scopes beyond the maker's own."""
    faults = [
        {
            "pointer": f"/scopes/{at}",
            "code": "unknown_scope",
            "detail": f"is no permission and no '<addon>.*'{nearest(security, scope)}",
        }
        for at, scope in enumerate(scopes or ())
        if not security.is_grantable(scope)
    ]
    if faults:
        raise invalid(faults)
    if scopes is not None and not within(scopes, maker.scopes):
        raise Problem(
            403, "scope_exceeded", "A token cannot make one with scopes that it does not have."
        )


def check_resources(known: Collection[str], resources: Sequence[str] | None) -> None:
    """Raise Problem 422 for access that names no resource."""
    faults = [
        {
            "pointer": f"/resources/{at}",
            "code": "unknown_resource",
            "detail": "is no '<addon>.<resource>' or '<addon>.*' with ':read' or ':write'"
            + guessed(known, wanted),
        }
        for at, wanted in enumerate(resources or ())
        if not is_grantable_access(known, wanted)
    ]
    if faults:
        raise invalid(faults)


def guessed(known: Collection[str], wanted: str) -> str:
    """`; did you mean ...?` where a resource is like it."""
    choices = [f"{name}:{kind}" for name in known for kind in ("read", "write")]
    near = get_close_matches(wanted, choices, 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def nearest(security: Any, scope: str) -> str:
    """`; did you mean ...?` where something is like it."""
    if scope.endswith(".*"):
        addons = sorted({f"{name.partition('.')[0]}.*" for name in security.permissions})
        name = next(iter(get_close_matches(scope, addons, 1)), None)
    else:
        name = security.nearest(scope)
    return f"; did you mean {name!r}?" if name else ""


def check_lifetime(settings: Any, expires_in: int | None) -> int:
    """The lifetime in seconds; raises Problem 422 for more than the settings allow."""
    if expires_in is None:
        return min(settings.token_lifetime, settings.token_lifetime_max)
    if expires_in > settings.token_lifetime_max:
        detail = f"is at most {settings.token_lifetime_max} seconds"
        raise invalid([{"pointer": "/expires_in", "code": "range", "detail": detail}])
    return expires_in
