"""The directives of this room: permissions, roles and identity sources as Pyramid actions."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import PHASE0_CONFIG

from talatat.composition import PLATFORM
from talatat.security.grants import AUTHENTICATED, PUBLIC
from talatat.security.registry import Permission, Role

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

# Categories of introspectables.
PERMISSIONS = "talatat permissions"
ROLES = "talatat roles"
SOURCES = "talatat identity sources"


class SecurityDirectives:
    """The directives of this room, for the Configurator."""

    @action_method
    def add_permission(self: "Configurator", name: str, title: str | None = None) -> None:
        """Declare a permission (`<addon>.<verb>`) and say in a few words what it allows.

        Pyramid's own directive of this name has no title; a package that calls it so still works.
        """
        if name in (PUBLIC, AUTHENTICATED) and self.owner != PLATFORM:
            raise ConfigurationError(
                f"{name!r} is the platform's own permission: choose '{self.owner}.<verb>'"
            )
        if not name or "*" in name or ":" in name:
            raise ConfigurationError(
                f"{name!r} cannot name a permission: write '{self.owner}.<verb>', without '*' and ':'"
            )
        title = title or name
        intr = self.introspectable(PERMISSIONS, name, name, "permission")
        intr.update(name=name, title=title)
        # Pyramid's category too, for the tools that read that one; a view that asks for the
        # permission replaces this entry by its own, which is why ours has another category.
        native = self.introspectable("permissions", name, name, "permission")
        native["value"] = name
        permission = Permission(name, title, self.owner, intr)

        def register() -> None:
            self.registry.system.security.permissions[name] = permission

        self.action(
            ("permission", name), register, introspectables=(native, intr), order=PHASE0_CONFIG
        )

    @action_method
    def add_role(self: "Configurator", name: str, permissions: Iterable[str]) -> None:
        """Declare a role and what it holds: names of permissions, `<addon>.*`, or `*` for all."""
        if isinstance(permissions, str):
            raise ConfigurationError(
                f"role {name!r}: write its permissions as a list, [{permissions!r}]"
            )
        role_permissions = tuple(permissions)
        intr = self.introspectable(ROLES, name, name, "role")
        intr.update(name=name, permissions=role_permissions)
        role = Role(name, role_permissions, self.owner, intr)

        def register() -> None:
            self.registry.system.security.roles[name] = role

        self.action(("role", name), register, introspectables=(intr,), order=PHASE0_CONFIG)

    @action_method
    def add_identity_source(self: "Configurator", name: str, source: Any) -> None:
        """Add a way to recognise who is asking; sources are asked in the order of composition.

        `source` is an object with `identify(request) -> Identity | None`, or its dotted name.
        """
        source = self.maybe_dotted(source)
        if isinstance(source, type) or not callable(getattr(source, "identify", None)):
            raise ConfigurationError(
                f"identity source {name!r} is {source!r}: pass an object that has "
                "identify(request) (make one if this is a class)"
            )
        intr = self.introspectable(SOURCES, name, name, "identity source")
        intr.update(name=name, source=source)

        def register() -> None:
            self.registry.system.security.sources[name] = source

        self.action(
            ("identity source", name), register, introspectables=(intr,), order=PHASE0_CONFIG
        )
