"""Users and groups over REST, for those who manage them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import selectinload

from talatat.db import utcnow
from talatat.problems import Problem, invalid
from talatat.resources import Resource, item_action
from talatat.security import require_recent_login, tell
from talatat_accounts import second_factor
from talatat_accounts.credentials import end_credentials, set_password
from talatat_accounts.models import Group, User
from talatat_accounts.passwords import check_strength, passwords_of
from talatat_accounts.ranks import PROBLEMS as RANK_PROBLEMS
from talatat_accounts.ranks import change_groups, change_roles, require_rank, roles_of_user
from talatat_accounts.schemas import GroupSchema, UserSchema

PERMISSIONS = {"read": "accounts.read", "write": "accounts.manage"}


class Users(Resource):
    """Those who can log in."""

    name = "users"
    model = User
    schema = UserSchema
    permissions = PERMISSIONS
    problems = {**RANK_PROBLEMS, "own_account": "Nobody deletes or deactivates their own account."}
    filters = ("name", "email", "active")
    sorts = ("name", "created_at")

    def load_options(self, request: Any) -> Sequence[Any]:
        """Roles, groups and second factors of a whole page in four statements."""
        return (
            selectinload(User.grants),
            selectinload(User.groups).selectinload(Group.grants),
            selectinload(User.second_factor),
        )

    def apply(self, request: Any, row: User, changes: Mapping[str, Any]) -> None:
        """Write fields; refused for a user who holds more than the one who writes."""
        require_recent_login(request)
        exists = inspect(row).persistent
        if exists:
            require_rank(request, roles_of_user(row), f"Changing the user {row.name}")
        plain = dict(changes)
        password, roles = plain.pop("password", None), plain.pop("roles", None)
        groups = plain.pop("group_names", None)
        if exists and plain.get("active") is False:
            self._refuse_own(request, row, "deactivate")
        super().apply(request, row, plain)
        if roles is not None:
            change_roles(request, row, roles)
        if groups is not None:
            change_groups(request, row, groups)
        if password is not None:
            self._set_password(request, row, password)
        if exists and (password is not None or not row.active):
            end_credentials(request.db, row.id)

    def remove(self, request: Any, row: User) -> None:
        """Delete a user with their sessions and tokens."""
        require_recent_login(request)
        require_rank(request, roles_of_user(row), f"Deleting the user {row.name}")
        self._refuse_own(request, row, "delete")
        super().remove(request, row)

    @item_action(
        "reset-second-factor",
        problems={**RANK_PROBLEMS, "second_factor_missing": "The user has no second factor."},
        recent_login=True,
    )
    def reset_second_factor(self, request: Any, row: User) -> None:
        """Take somebody's second factor away who has lost it; ends their sessions.

        They log in with the password alone then, and can enrol another one.
        """
        require_rank(request, roles_of_user(row), f"Changing the user {row.name}")
        if not second_factor.remove(request.db, row.id):
            raise Problem(409, "second_factor_missing", f"{row.name} has no second factor.")
        row.updated_at = utcnow()
        end_credentials(request.db, row.id, keep_tokens=True)
        tell(request, "accounts.second_factor_reset", subject=row.id)

    def _set_password(self, request: Any, row: User, password: str) -> None:
        system = request.registry.system
        if fault := check_strength(system, password, row.name, row.email):
            raise invalid([{"pointer": "/password", "code": "weak_password", "detail": fault}])
        set_password(row, passwords_of(system).hash(password))
        tell(request, "accounts.password_changed", subject=row.id, by="manager")

    def _refuse_own(self, request: Any, row: User, verb: str) -> None:
        """Somebody who locks themselves out may be the last who could let anybody in."""
        if request.identity.id == row.id:
            raise Problem(409, "own_account", f"You cannot {verb} your own account.")


class Groups(Resource):
    """Sets of users that are given roles together."""

    name = "groups"
    model = Group
    schema = GroupSchema
    permissions = PERMISSIONS
    problems = RANK_PROBLEMS
    filters = ("name",)
    sorts = ("name", "created_at")

    def load_options(self, request: Any) -> Sequence[Any]:
        """The roles of a whole page in one statement."""
        return (selectinload(Group.grants),)

    def apply(self, request: Any, row: Group, changes: Mapping[str, Any]) -> None:
        """Write fields; roles only such as the one who writes holds, as of those the group has."""
        require_recent_login(request)
        if inspect(row).persistent:
            require_rank(request, row.roles, f"Changing the group {row.name}")
        plain = dict(changes)
        roles = plain.pop("roles", None)
        super().apply(request, row, plain)
        if roles is not None:
            change_roles(request, row, roles)

    def remove(self, request: Any, row: Group) -> None:
        """Delete a group; its members lose what it gave them."""
        require_recent_login(request)
        require_rank(request, row.roles, f"Deleting the group {row.name}")
        super().remove(request, row)
