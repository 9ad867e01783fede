"""`/api/accounts/v1/identities`: who one is at identity providers, and taking that away."""

from typing import Any

import colander
from cornice import Service
from sqlalchemy import func, select

from talatat.problems import Problem
from talatat.schema.types import UUID, Timestamp, format_timestamp
from talatat.security import tell
from talatat_accounts.models import User
from talatat_accounts.oidc.models import ExternalIdentity
from talatat_accounts.oidc.providers import providers_of
from talatat_accounts.own import drop_own, nothing, own_identity

identities = Service(
    name="accounts.identities",
    path="/api/accounts/v1/identities",
    description="Who the account that asks is at identity providers",
)
identity = Service(
    name="accounts.identity",
    path="/api/accounts/v1/identities/{id:[^/:]+}",
    description="One of them",
)


class IdentitySchema(colander.MappingSchema):
    """Somebody as an identity provider knows them, as the owner of the account sees it."""

    id = colander.SchemaNode(UUID(), description="Names it when it is taken away")
    provider = colander.SchemaNode(
        colander.String(),
        nullable=True,
        description="What the settings call the provider; null where they list it no more",
    )
    issuer = colander.SchemaNode(colander.String(), description="The provider's address")
    subject = colander.SchemaNode(colander.String(), description="What it calls the person")
    created_at = colander.SchemaNode(Timestamp(), description="When it was connected")
    used_at = colander.SchemaNode(
        Timestamp(), nullable=True, description="When somebody last logged in by it"
    )


@identities.get(
    permission="accounts.self", operation="list", response=[IdentitySchema], problems={}
)
def list_identities(request: Any) -> Any:
    """Who one is elsewhere."""
    mine = ExternalIdentity.user_id == own_identity(request).id
    rows = request.db.scalars(select(ExternalIdentity).where(mine).order_by(ExternalIdentity.id))
    names = {one.issuer: one.name for one in providers_of(request.registry.system)}
    items = [{**shown(row), "provider": names.get(row.issuer)} for row in rows]
    return {"items": items, "next": None, "prev": None}


@identity.delete(
    permission="accounts.self",
    recent_login=True,
    status=204,
    problems={"own_account": (409, "Without it nobody could log in to the account.")},
)
def disconnect(request: Any) -> Any:
    """Take one away: whoever logs in there is nobody here any more. Sessions that there are go on."""
    user_id, wanted = own_identity(request).id, request.matchdict["id"]
    # Locked, so that two requests do not take the last two away.
    user = request.db.get_one(User, user_id, with_for_update=True)
    mine = ExternalIdentity.user_id == user_id
    others = select(func.count()).where(mine, ExternalIdentity.id != wanted)
    has_it = select(ExternalIdentity.id).where(mine, ExternalIdentity.id == wanted)
    exists = request.db.execute(has_it).first() is not None
    if exists and user.password_hash is None and not request.db.scalar(others):
        raise Problem(
            409,
            "own_account",
            "This is the only way to log in to your account. Let a manager set a password first.",
        )
    drop_own(request, ExternalIdentity, wanted, user_id)
    tell(request, "accounts.identity_unlinked", subject=user_id)
    return nothing()


def shown(row: ExternalIdentity) -> dict[str, Any]:
    """One as its owner sees it."""
    return {
        "id": row.id,
        "issuer": row.issuer,
        "subject": row.subject,
        "created_at": format_timestamp(row.created_at),
        "used_at": None if row.used_at is None else format_timestamp(row.used_at),
    }
