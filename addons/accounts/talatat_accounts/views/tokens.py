"""`/api/accounts/v1/tokens`: make, list and revoke one's own bearer tokens."""

from typing import Any

from cornice import Service
from sqlalchemy import select

from talatat.db import is_id
from talatat.schema.types import format_timestamp
from talatat.security import check_csrf, require_recent_login, tell
from talatat_accounts.login import accepted, authenticate
from talatat_accounts.minting import PROBLEMS as SCOPE_PROBLEMS
from talatat_accounts.minting import (
    Maker,
    Narrowed,
    check_lifetime,
    check_resources,
    check_scopes,
    mint,
)
from talatat_accounts.models import Token, User
from talatat_accounts.own import drop_own, ending_of, nothing, own_identity, require_self
from talatat_accounts.ranks import PROBLEMS as RANK_PROBLEMS
from talatat_accounts.ranks import require_rank, roles_of_user
from talatat_accounts.refusals import PROBLEMS as LOGIN_PROBLEMS
from talatat_accounts.schemas import MintedSchema, TokenBody, TokenSchema, body_of

tokens = Service(
    name="accounts.tokens",
    path="/api/accounts/v1/tokens",
    description="Bearer tokens of the account that asks",
)
token = Service(
    name="accounts.token",
    path="/api/accounts/v1/tokens/{id}",
    description="One bearer token of the account that asks; `current` is the one that is shown",
)


# Open, for the body may hold the password; and the view looks at cookies only if it does not.
@tokens.post(
    permission="public",
    public_because="the body holds the password",
    require_csrf=False,
    limit="accounts.login",
    idempotency="refused",  # the answer holds the secret
    schema=TokenBody,
    status=201,
    response=MintedSchema,
    headers=("Location",),
    problems={**LOGIN_PROBLEMS, **SCOPE_PROBLEMS},
)
def make_token(request: Any) -> Any:
    """Make a token for `{user, password, otp?}`, or for whoever is logged in.

    `scopes` (permissions or `<addon>.*`) narrow it, and so do `resources` (`orders.orders:read`,
    `catalog.*:write`); `expires_in` is in seconds. The answer is the only place where the token is ever
    shown.
    """
    body = body_of(request, TokenBody)
    maker = maker_by_password(request, body) if body["user"] else maker_by_identity(request)
    system = request.registry.system
    check_scopes(system.security, maker, body["scopes"])
    lifetime = check_lifetime(system.settings["accounts"], body["expires_in"])
    check_resources(system.resources, body["resources"])
    narrowed = Narrowed(body["scopes"], body["resources"])
    minted = mint(request.db, maker, narrowed, lifetime, body["label"])
    tell(request, "accounts.token_made", subject=maker.name, token=minted.row.id)
    request.response.status_int = 201
    request.response.location = f"{request.path_url}/{minted.row.id}"
    request.response.headers["Cache-Control"] = "no-store"
    return {**shown(minted.row), "token": minted.secret}


def maker_by_password(request: Any, body: dict[str, Any]) -> Maker:
    """Whoever the body's password belongs to; any other credential is not looked at."""
    login = authenticate(request, body["user"], body["password"] or "", body["otp"])
    accepted(request, login, by="token")
    return Maker(login.user_id, login.name)


def maker_by_identity(request: Any) -> Maker:
    """Whoever is logged in already, with the limits of the token that says so."""
    check_csrf(request)
    identity = own_identity(request)
    require_self(request)
    require_recent_login(request)
    ends = ending_of(request, identity)
    expires_at = ends if identity.source == "accounts.token" else None
    return Maker(identity.id, identity.name, identity.scopes, expires_at)


@tokens.get(permission="accounts.self", operation="list", response=[TokenSchema], problems={})
def list_tokens(request: Any) -> Any:
    """One's own tokens, without what makes them work."""
    rows = request.db.scalars(
        select(Token).where(Token.user_id == own_identity(request).id).order_by(Token.id)
    )
    return {"items": [shown(row) for row in rows], "next": None, "prev": None}


# A token may always give itself up, whatever its scopes.
@token.delete(permission="authenticated", status=204, problems=RANK_PROBLEMS)
def revoke_token(request: Any) -> Any:
    """Revoke one of one's own tokens; it ends with this answer.

    Who manages users revokes those of others too, of such as hold no more.
    """
    identity, wanted = own_identity(request), request.matchdict["id"]
    itself = identity.credential if identity.source == "accounts.token" else None
    if wanted == "current":
        wanted = itself
    if wanted != itself:
        require_self(request)
    owner = managed_owner(request, wanted, identity.id)
    drop_own(request, Token, wanted, identity.id if owner is None else owner.id)
    tell(
        request,
        "accounts.token_revoked",
        subject=identity.name if owner is None else owner.name,
        token=wanted,
    )
    return nothing()


def managed_owner(request: Any, wanted: str | None, own_id: str) -> User | None:
    """The other user whose token this is, for who manages users; raises Problem 403 `rank`."""
    if wanted is None or not is_id(wanted) or not request.has_permission("accounts.manage"):
        return None
    owners = select(User).join(Token, Token.user_id == User.id).where(Token.id == wanted)
    owner: User | None = request.db.scalar(owners)
    if owner is None or owner.id == own_id:
        return None
    require_rank(request, roles_of_user(owner), f"Revoking a token of {owner.name}")
    return owner


def shown(row: Token) -> dict[str, Any]:
    """A token as its owner sees it."""
    return {
        "id": row.id,
        "label": row.label,
        "scopes": row.scopes,
        "resources": row.resources,
        "created_at": format_timestamp(row.created_at),
        "expires_at": format_timestamp(row.expires_at),
        "last_used_at": row.last_used_at and format_timestamp(row.last_used_at),
    }
