"""The permissions, roles and identity sources of one composition, and the check made of them."""

import difflib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from talatat.errors import CompositionError
from talatat.security.grants import AUTHENTICATED, EVERYTHING, PUBLIC, covers, holds
from talatat.security.identity import Identity, IdentitySource
from talatat.security.narrowing import Routes
from talatat.security.uses import Use, uses_by_fields, uses_by_views

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Permission:
    """A named thing that somebody may be allowed to do; `intr` tells who declared it."""

    name: str
    title: str
    addon: str
    intr: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Role:
    """A named set of permissions (names, `<addon>.*` or `*`) that identities are given."""

    name: str
    permissions: tuple[str, ...]
    addon: str
    intr: Any = field(default=None, compare=False, repr=False)


class Security:
    """What `system.security` is: filled by directives while composing, fixed by `finish`."""

    def __init__(self) -> None:
        self.permissions: dict[str, Permission] = {}
        self.roles: dict[str, Role] = {}
        self.sources: dict[str, IdentitySource] = {}
        self.routes = Routes()
        self._uses: list[Use] = []
        self._patterns: dict[str, tuple[str, ...]] = {}
        self._reported: set[str] = set()

    def uses(self, permission: str, what: str, intr: Any = None) -> None:
        """Say that `what` asks for a permission; `finish` checks that somebody declares it."""
        self._uses.append(Use(permission, what, intr))

    def finish(self, registry: Any) -> None:
        """Check every use; from now on roles count.

        Raises CompositionError with one problem for each undeclared permission.
        """
        from talatat.security.checks import problems_of, shown_secrets

        system, resources = registry.system, registry.system.resources.values()
        uses = [*self._uses, *uses_by_views(registry), *uses_by_fields(resources)]
        addons = {one.name for one in system.composition.addons}
        problems = [*problems_of(self, uses, addons), *shown_secrets(resources)]
        if problems:
            raise CompositionError(problems)
        self._patterns = {role.name: role.permissions for role in self.roles.values()}

    def declares(self, permission: str) -> bool:
        """Whether the name is a permission, or one of the two literals."""
        return permission in self.permissions or permission in (PUBLIC, AUTHENTICATED)

    def is_grantable(self, pattern: str) -> bool:
        """Whether a pattern (for a role or a scope) can ever cover a declared permission."""
        return pattern == EVERYTHING or any(covers(pattern, name) for name in self.permissions)

    def nearest(self, permission: str) -> str | None:
        """The declared name most like this one."""
        names = [PUBLIC, AUTHENTICATED, *self.permissions]
        return next(iter(difflib.get_close_matches(permission, names, n=1, cutoff=0.5)), None)

    def holds(self, identity: Identity | None, permission: str) -> bool:
        """Whether this identity (None: nobody) may do what the permission names.

        What nobody declares, nobody holds, the role `admin` neither.
        """
        if permission == PUBLIC:
            return True
        if identity is None:
            return False
        if permission == AUTHENTICATED:
            return True
        if permission not in self.permissions:
            self._report(permission)
            return False
        return holds(identity, permission, self._patterns)

    def held_by(self, identity: Identity) -> frozenset[str]:
        """All declared permissions that the identity holds."""
        return frozenset(name for name in self.permissions if self.holds(identity, name))

    def rights_of(self, identity: Identity) -> str:
        """What an identity may do, as a text that stays the same for as long as that does.

        Of what it was given and not of all that there is to hold, so that it costs the same however many addons
        declare permissions.
        """
        given = {*identity.permissions}
        for role in identity.roles:
            given.update(self._patterns.get(role, ()))
        limits = (identity.scopes, identity.resources)
        return repr((sorted(given), *(None if one is None else sorted(one) for one in limits)))

    def beyond(self, identity: Identity, roles: Iterable[str]) -> list[str]:
        """What these roles hold and the identity does not: names and patterns.

        Patterns are compared, not what they cover today: `*` will cover what the next addon declares,
        so nobody but a holder of `*` may hand it out.
        """
        patterns = {pattern for role in roles for pattern in self._patterns.get(role, ())}
        if identity.resources is not None:  # a role reaches beyond any resources
            return sorted(patterns)
        return sorted(p for p in patterns if not holds(identity, p, self._patterns))

    def _report(self, permission: str) -> None:
        if permission not in self._reported:
            self._reported.add(permission)
            logger.warning(
                "permission %r was asked for, but no addon declares it: refused (nearest: %s)",
                permission,
                self.nearest(permission),
            )
