"""`/api/accounts/v1/tokens`: make, list and revoke one's own bearer tokens."""

from typing import Any

from cornice import Service
from sqlalchemy import select

from talatat.schema.types import format_timestamp
from talatat.security import check_csrf, require_recent_login
from talatat_accounts.login import accepted, authenticate
from talatat_accounts.minting import PROBLEMS as SCOPE_PROBLEMS
from talatat_accounts.minting import Maker, check_lifetime, check_scopes, mint
from talatat_accounts.models import Token
from talatat_accounts.own import drop_own, nothing, own_identity, require_self
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
    require_csrf=False,
    idempotency="refused",  # the answer holds the secret
    schema=TokenBody,
    status=201,
    response=MintedSchema,
    headers=("Location",),
    problems={**LOGIN_PROBLEMS, **SCOPE_PROBLEMS},
)
def make_token(request: Any) -> Any:
    """Make a token for `{user, password, otp?}`, or for whoever is logged in.

    `scopes` (permissions or `<addon>.*`) narrow it, `expires_in` is in seconds. The answer is the only
    place where the token is ever shown.
    """
    body = body_of(request, TokenBody)
    maker = maker_by_password(request, body) if body["user"] else maker_by_identity(request)
    system = request.registry.system
    check_scopes(system.security, maker, body["scopes"])
    lifetime = check_lifetime(system.settings["accounts"], body["expires_in"])
    minted = mint(request.db, maker, body["scopes"], lifetime, body["label"])
    request.response.status_int = 201
    request.response.location = f"{request.path_url}/{minted.row.id}"
    request.response.headers["Cache-Control"] = "no-store"
    return {**shown(minted.row), "token": minted.secret}


def maker_by_password(request: Any, body: dict[str, Any]) -> Maker:
    """Whoever the body's password belongs to; any other credential is not looked at."""
    login = authenticate(request, body["user"], body["password"] or "", body["otp"])
    accepted(request, login, by="token")
    return Maker(login.user_id)


def maker_by_identity(request: Any) -> Maker:
    """Whoever is logged in already, with the limits of the token that says so."""
    check_csrf(request)
    identity = own_identity(request)
    require_self(request)
    require_recent_login(request)
    expires_at = None
    if identity.source == "accounts.token":
        expires_at = request.db.execute(
            select(Token.expires_at).where(Token.id == identity.credential)
        ).scalar_one()
    return Maker(identity.id, identity.scopes, expires_at)


@tokens.get(permission="accounts.self", operation="list", response=[TokenSchema], problems={})
def list_tokens(request: Any) -> Any:
    """One's own tokens, without what makes them work."""
    rows = request.db.scalars(
        select(Token).where(Token.user_id == own_identity(request).id).order_by(Token.id)
    )
    return {"items": [shown(row) for row in rows], "next": None, "prev": None}


# A token may always give itself up, whatever its scopes.
@token.delete(permission="authenticated", status=204, problems={})
def revoke_token(request: Any) -> Any:
    """Revoke one of one's own tokens; it ends with this answer."""
    identity, wanted = own_identity(request), request.matchdict["id"]
    itself = identity.credential if identity.source == "accounts.token" else None
    if wanted == "current":
        wanted = itself
    if wanted != itself:
        require_self(request)
    drop_own(request, Token, wanted, identity.id)
    return nothing()


def shown(row: Token) -> dict[str, Any]:
    """A token as its owner sees it."""
    return {
        "id": row.id,
        "label": row.label,
        "scopes": row.scopes,
        "created_at": format_timestamp(row.created_at),
        "expires_at": format_timestamp(row.expires_at),
    }
