"""From claims to an account: one that is linked, one that becomes linked, or a new one.

What links somebody is the issuer and `sub`, which never changes and is never given to another person. A name
or an address links nobody by itself: whoever may choose theirs at the provider would choose somebody's here.
"""

import logging
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from talatat.db import new_id, utcnow
from talatat.security import tell
from talatat_accounts.models import Group, User
from talatat_accounts.oidc import refusals
from talatat_accounts.oidc.models import ExternalIdentity
from talatat_accounts.oidc.providers import Provider
from talatat_accounts.schemas import NAME, normal_name

logger = logging.getLogger(__name__)

HELD = {"key_share": True}
CLOSED = "Your account here is closed."


def account_of(request: Any, provider: Provider, claims: dict[str, Any]) -> User:
    """Whose login this is, in the request's transaction; raises Problem 403 `oidc_unknown`."""
    linked = linked_to(request.db, provider, claims)
    # Held, as `credentials` says: whoever closes the account at this moment finds the session.
    user = (
        None if linked is None else request.db.get_one(User, linked.user_id, with_for_update=HELD)
    )
    if user is None:
        user = _by_address(request, provider, claims) or _created(request, provider, claims)
        linked = link(request, provider, claims, user)
    if not user.active:
        raise refusals.unknown(CLOSED)
    assert linked is not None
    linked.used_at = utcnow()
    follow_groups(request, provider, claims, user)
    return user


def connect(request: Any, provider: Provider, claims: dict[str, Any], user_id: str) -> User:
    """Link who came back to who is logged in; raises Problem 403 if they are somebody else's already."""
    linked = linked_to(request.db, provider, claims)
    user = request.db.get_one(User, user_id)
    if linked is not None and linked.user_id != user_id:
        raise refusals.unknown(f"This account of {provider.title} belongs to somebody else here.")
    if linked is None:
        linked = link(request, provider, claims, user)
    linked.used_at = utcnow()
    follow_groups(request, provider, claims, user)
    return user


def linked_to(db: Any, provider: Provider, claims: dict[str, Any]) -> ExternalIdentity | None:
    """What links these claims to an account."""
    row: ExternalIdentity | None = db.scalars(
        select(ExternalIdentity).where(
            ExternalIdentity.issuer == provider.issuer, ExternalIdentity.subject == claims["sub"]
        )
    ).one_or_none()
    return row


def link(request: Any, provider: Provider, claims: dict[str, Any], user: User) -> ExternalIdentity:
    """A new link; raises Problem 403 if another login has made it at this moment."""
    row = ExternalIdentity(
        id=new_id(), issuer=provider.issuer, subject=claims["sub"], user_id=user.id
    )
    try:
        with request.db.begin_nested():
            request.db.add(row)
    except IntegrityError:
        raise refusals.unknown("Two logins crossed each other. Begin again.") from None
    tell(
        request, "accounts.identity_linked", subject=user.id, provider=provider.name,
        external=claims["sub"],
    )  # fmt: skip
    return row


def _by_address(request: Any, provider: Provider, claims: dict[str, Any]) -> User | None:
    """Who has this address here: only where the settings say so, the provider verified it, and one has it."""
    address = verified_address(claims)
    if provider.link_by != "email" or address is None:
        return None
    same = func.lower(User.email) == address.lower()
    found = request.db.scalars(select(User).where(same).limit(2).with_for_update(**HELD)).all()
    if len(found) > 1:
        logger.warning(
            "%s: several accounts have the address of a login: linked to none", provider.key
        )
    return found[0] if len(found) == 1 else None


def _created(request: Any, provider: Provider, claims: dict[str, Any]) -> User:
    if provider.unknown != "create":
        raise refusals.unknown(
            f"Nobody here is connected to this account of {provider.title}. Log in with your password "
            "and connect the two on this page, or ask who manages accounts here."
        )
    given = claims.get(provider.name_claim)
    name = normal_name(given) if isinstance(given, str) else ""
    if not NAME.fullmatch(name):
        logger.warning("%s.name_claim: %r names no account", provider.key, provider.name_claim)
        raise refusals.unknown(f"{provider.title} tells no name that an account here could have.")
    shown = claims.get("name")
    user = User(
        id=new_id(),
        name=name,
        display_name=shown[:200] if isinstance(shown, str) else "",
        email=verified_address(claims),
        active=True,
    )
    try:
        with request.db.begin_nested():
            request.db.add(user)
    except IntegrityError:
        raise refusals.unknown(
            f"There is an account {name} here already. If it is yours, log in with its password and "
            f"connect it to {provider.title}."
        ) from None
    tell(request, "accounts.account_created", subject=user.id, provider=provider.name)
    return user


def verified_address(claims: dict[str, Any]) -> str | None:
    """The address that the provider has seen to be theirs."""
    address = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(address, str):
        return None
    return (
        address if 3 <= len(address) <= 254 and "@" in address and address.isprintable() else None
    )


def follow_groups(request: Any, provider: Provider, claims: dict[str, Any], user: User) -> None:
    """Join and leave the groups that the settings map; others are nobody's business here."""
    if not provider.groups_claim or not provider.groups:
        return
    theirs = groups_in(claims, provider.groups_claim)
    wanted = {ours for name, ours in provider.groups.items() if name in theirs}
    mapped = set(provider.groups.values())
    known = {
        group.name: group
        for group in request.db.scalars(select(Group).where(Group.name.in_(sorted(mapped))))
    }
    for name in sorted(mapped - set(known)):
        logger.warning("%s.groups maps to the group %r, which does not exist", provider.key, name)
    held = {group.name for group in user.groups}
    joined, left = (wanted & set(known)) - held, (held & mapped) - wanted
    if not joined and not left:
        return
    user.groups = [one for one in user.groups if one.name not in left]
    user.groups += [known[name] for name in sorted(joined)]
    user.updated_at = utcnow()  # groups are part of what an ETag stands for
    tell(
        request, "accounts.groups_changed", subject=user.id, provider=provider.name,
        joined=sorted(joined), left=sorted(left),
    )  # fmt: skip


def groups_in(claims: dict[str, Any], path: str) -> frozenset[str]:
    """The groups of a claim: a list of names or one name; `a.b` looks into `a`."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(one for one in listed if isinstance(one, str))
