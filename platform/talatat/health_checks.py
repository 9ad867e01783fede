"""What addons say about their health: `config.add_health_check("printer", look_at_the_printer)`.

A check is asked when somebody who may asks for `/health`. It returns nothing where all is well, or a dict
with members of its own (`observedValue`, `observedUnit`, `output`), of which `status` may be "warn" or
"fail"; what it raises is a failure. It runs in the request's transaction, under a savepoint.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

# The category of introspectables.
CHECKS = "talatat health checks"

Ask = Callable[[Any], dict[str, Any] | None]


@dataclass(frozen=True)
class HealthCheck:
    """One check of one addon."""

    addon: str
    name: str
    ask: Ask

    @property
    def key(self) -> str:
        """Under which `/health` answers it."""
        return f"{self.addon}:{self.name}"


class HealthDirectives:
    """The directive of this room, for the Configurator."""

    @action_method
    def add_health_check(self: Configurator, name: str, check: Any) -> None:
        """Let `/health` ask `check(request)`, under `<addon>:<name>`: None or a dict; raising is failing.

        `check` is a callable or its dotted name.
        """
        ask = self.maybe_dotted(check)
        try:
            inspect.signature(ask).bind(None)
        except TypeError as error:
            raise ConfigurationError(
                f"{ask!r} cannot be called as check(request): {error}"
            ) from None
        declared = HealthCheck(self.owner, name, ask)
        intr = self.introspectable(CHECKS, declared.key, declared.key, "health check")
        intr.update(name=declared.key, callable=ask)
        checks: dict[str, HealthCheck] = self.registry.system.health_checks

        def register() -> None:
            checks[declared.key] = declared

        self.action(("health check", declared.key), register, introspectables=(intr,))
