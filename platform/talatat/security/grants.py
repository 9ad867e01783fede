"""What is granted to whom: small predicates over names, and the table that combines them.

A pattern is a permission's name, `<addon>.*` for all names under it, or `*` for all.
"""

from collections.abc import Callable, Collection, Mapping

from talatat.security.identity import Identity

PUBLIC = "public"
AUTHENTICATED = "authenticated"
EVERYTHING = "*"


def covers(pattern: str, permission: str) -> bool:
    """Whether the pattern holds the permission; a narrower pattern is covered likewise."""
    if pattern in (permission, EVERYTHING):
        return True
    return pattern.endswith(".*") and permission.startswith(pattern[:-1])


def covered(patterns: Collection[str], permission: str) -> bool:
    """Whether one of the patterns holds the permission."""
    # A loop and no generator: this is asked on every request that is not public.
    if permission in patterns:
        return True
    for pattern in patterns:  # noqa: SIM110
        if covers(pattern, permission):
            return True
    return False


def within(scopes: Collection[str], limit: Collection[str] | None) -> bool:
    """Whether scopes ask for nothing outside the limit (None: no limit)."""
    return limit is None or all(covered(limit, scope) for scope in scopes)


# The predicates. Each answers for one way of holding a permission; `roles` maps declared roles to
# their patterns. What is asked for may itself be a pattern: whoever holds `*` holds `catalog.*`.
Roles = Mapping[str, tuple[str, ...]]


def is_granted_directly(identity: Identity, permission: str, roles: Roles) -> bool:
    return covered(identity.permissions, permission)


def is_granted_by_role(identity: Identity, permission: str, roles: Roles) -> bool:
    return any(covered(roles.get(role, ()), permission) for role in identity.roles)


def is_in_scope(identity: Identity, permission: str, roles: Roles) -> bool:
    return identity.scopes is None or covered(identity.scopes, permission)


Predicate = Callable[[Identity, str, Roles], bool]

GRANTS: tuple[Predicate, ...] = (is_granted_by_role, is_granted_directly)
LIMITS: tuple[Predicate, ...] = (is_in_scope,)


def holds(identity: Identity, permission: str, roles: Roles) -> bool:
    """Granted in at least one way and inside every limit."""
    return any(grant(identity, permission, roles) for grant in GRANTS) and all(
        limit(identity, permission, roles) for limit in LIMITS
    )
