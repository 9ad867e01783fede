"""Nobody hands out, takes away or touches more than they hold themselves.

Without this, the permission to manage users would be every permission: one would give oneself the
role `admin`, join its group, or set an administrator's password.
"""

from collections.abc import Iterable
from typing import Any

from talatat.db import utcnow
from talatat.problems import Problem, invalid
from talatat.security import tell
from talatat_accounts.models import Grant, Group, User

PROBLEMS = {"rank": (403, "It takes permissions that whoever asks does not hold.")}


def require_rank(request: Any, roles: Iterable[str], what: str) -> None:
    """Raise Problem 403 `rank` unless who asks holds all that the roles give."""
    missing = request.registry.system.security.beyond(request.identity, roles)
    if missing:
        raise Problem(
            403,
            "rank",
            f"{what} takes permissions that you do not hold yourself: {', '.join(missing)}.",
        )


def roles_of_user(user: User) -> set[str]:
    """All role names of a loaded user, the groups' included."""
    return {*user.roles, *(role for group in user.groups for role in group.roles)}


def change_roles(request: Any, holder: User | Group, names: Iterable[str]) -> None:
    """Make these the holder's roles; raises Problem 422 for a name that no addon declares.

    A role that the holder has and that sleeps with its addon may stay, and may be taken away.
    """
    declared = request.registry.system.security.roles
    wanted, before = dict.fromkeys(names), set(holder.roles)
    faults = [
        {"pointer": f"/roles/{at}", "code": "unknown_role", "detail": f"{name!r} is no role"}
        for at, name in enumerate(wanted)
        if name not in declared and name not in before
    ]
    if faults:
        raise invalid(faults)
    require_rank(request, before ^ set(wanted), "Giving or taking these roles")
    _tell(request, holder, "roles", set(wanted) - before, before - set(wanted))
    holder.updated_at = utcnow()  # roles are part of what an ETag stands for
    holder.grants = [grant for grant in holder.grants if grant.role in wanted] + [
        Grant(role=name, addon=declared[name].addon) for name in wanted if name not in before
    ]


def change_groups(request: Any, user: User, names: Iterable[str]) -> None:
    """Put the user into these groups only; raises Problem 422 for a name that is no group's."""
    wanted = list(dict.fromkeys(names))
    found = {
        group.name: group for group in request.db.query(Group).filter(Group.name.in_(wanted)).all()
    }
    faults = [
        {"pointer": f"/groups/{at}", "code": "unknown_group", "detail": f"{name!r} is no group"}
        for at, name in enumerate(wanted)
        if name not in found
    ]
    if faults:
        raise invalid(faults)
    before = {group.name: group for group in user.groups}
    moved = {**before, **found}
    changed = [moved[name] for name in set(before) ^ set(found)]
    require_rank(
        request,
        [role for group in changed for role in group.roles],
        "Joining or leaving these groups",
    )
    _tell(request, user, "groups", set(found) - set(before), set(before) - set(found))
    user.updated_at = utcnow()
    user.groups = [found[name] for name in wanted]


def _tell(
    request: Any, holder: User | Group, what: str, granted: set[str], revoked: set[str]
) -> None:
    kind = "user" if isinstance(holder, User) else "group"
    if granted or revoked:
        told = {"granted": sorted(granted), "revoked": sorted(revoked)}
        tell(request, f"accounts.{what}_changed", subject=holder.id, holder=kind, **told)
