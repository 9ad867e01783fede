"""The directive of this room: `add_limit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pyramid.config import PHASE0_CONFIG
from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.composition import PLATFORM
from talatat.limiting.policies import KEY, NAME, Policy
from talatat.settings import limit_node, quota

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

# The category of introspectables.
LIMITS = "talatat limits"


class LimitDirectives:
    """The directive of this room, for the Configurator."""

    @action_method
    def add_limit(
        self: Configurator,
        name: str,
        default: str,
        by: Literal["principal", "address"] = "principal",
        title: str = "",
    ) -> None:
        """Declare a limit, for views, resources and actions that say `limit=name`.

        `default` is a quota such as `60/minute`, or `off`; `talatat.limits.<name>` in the .ini has the last
        word. All requests of an account share one count, those without a login that of their address; with
        `by="address"` each address has one, whoever asks.
        """
        if not NAME.fullmatch(name) or not (
            self.owner == PLATFORM or name.startswith(f"{self.owner}.")
        ):
            raise ConfigurationError(
                f"{name!r} cannot name a limit: write '{self.owner}.<what>', in small letters"
            )
        if by not in ("principal", "address"):
            raise ConfigurationError(f"limit {name!r}: by={by!r} is neither principal nor address")
        try:
            wanted = quota(default)
        except ValueError as error:
            raise ConfigurationError(f"limit {name!r}: {error}") from None
        settings = self.registry.system.settings
        node = limit_node(name, wanted, title or f"A limit of {self.owner}")
        settings.declare_key(self.owner, node)
        intr = self.introspectable(LIMITS, name, name, "limit")
        intr.update(name=name, default=default, title=title)
        # For `talatat why` of the key.
        key = self.introspectable("talatat setting defaults", KEY + name, KEY + name, "setting")
        key.update(key=KEY + name, default=default)
        policy = Policy(name, by)

        def register() -> None:
            self.registry.system.limits.policies.add(policy)

        self.action(("limit", name), register, introspectables=(intr,), order=PHASE0_CONFIG)
        self.action(("setting", KEY + name), None, introspectables=(key,), order=PHASE0_CONFIG)
