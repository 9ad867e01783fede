"""Security: one policy made of identity sources, named permissions and roles; closed by default.

Addons add parts (`add_identity_source`, `add_permission`, `add_role`); this room judges with all
of them. A view names its permission; `"public"` opens it to everybody and `"authenticated"` to
whoever is recognised. The role `admin` holds every declared permission.
"""

from typing import Any

from pyramid.viewderivers import INGRESS

from talatat.security.csrf import IdentityCSRFStorage, check_csrf, check_origin, csrf_checked_view
from talatat.security.event import SecurityEvent, tell
from talatat.security.grants import AUTHENTICATED, EVERYTHING, PUBLIC
from talatat.security.headers import relax_csp, without
from talatat.security.identity import Identity, IdentitySource, InvalidCredentials, Reauthentication
from talatat.security.keys import KeyRing, WrongKey
from talatat.security.policy import Policy, policy_of
from talatat.security.recent import recently_proven_view, require_recent_login
from talatat.security.redirects import leave, local_url
from talatat.security.registry import Permission, Role, Security

__all__ = [
    "AUTHENTICATED",
    "PUBLIC",
    "Identity",
    "IdentitySource",
    "InvalidCredentials",
    "KeyRing",
    "Permission",
    "Policy",
    "Reauthentication",
    "Role",
    "Security",
    "SecurityEvent",
    "WrongKey",
    "challenges",
    "check_csrf",
    "check_origin",
    "known_identity",
    "leave",
    "local_url",
    "relax_csp",
    "require_recent_login",
    "tell",
    "without",
]


def known_identity(request: Any) -> Identity | None:
    """The request's identity if it was found out already; never asks a source (for logging)."""
    policy = policy_of(request)
    return None if policy is None else policy.known_identity(request)


def challenges(request: Any) -> list[str]:
    """WWW-Authenticate values that a 401 to this request carries."""
    policy = policy_of(request)
    return [] if policy is None else policy.challenges(request)


def includeme(config: Any) -> None:
    """The policy, the platform's own permissions and role, and CSRF; `headers` is included last."""
    config.set_security_policy(Policy(config.registry.system.security))
    config.add_permission(PUBLIC, "Everybody, without logging in")
    config.add_permission(AUTHENTICATED, "Everybody who is logged in")
    config.add_permission("talatat.count", "Count the rows of a list exactly (count=exact)")
    config.add_role("admin", [EVERYTHING])
    config.set_csrf_storage_policy(IdentityCSRFStorage())
    config.add_view_deriver(csrf_checked_view, "talatat_csrf", under=INGRESS, over="secured_view")
    # Inside of the permission, and outside of what answers a request again from what was kept.
    config.add_view_deriver(
        recently_proven_view,
        "talatat_recent_login",
        under="secured_view",
        over=("talatat_idempotency", "owrapped_view"),
    )
