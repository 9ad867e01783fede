"""A deployment check: what an addon, or the platform, looks at before a system is trusted to serve.

`config.add_deployment_check("argon2", look_at_argon2, "A guess of a password costs enough")`

`look_at_argon2(deployment)` gives a `Found` for each thing that is wrong: what, and what cures it. Its
docstring says what is looked at and why; `docs/deployment-checks.md` is made of it. What cannot be known
where the doctor runs is told by raising `NotChecked`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.deployment.case import Deployment
from talatat.errors import TalatatError

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

# The category of introspectables.
CHECKS = "talatat deployment checks"

Severity = Literal["error", "warning", "info"]
SEVERITIES = ("error", "warning", "info")


class NotChecked(TalatatError):
    """It cannot be known here: the text says why, and where it can."""


@dataclass(frozen=True)
class Found:
    """One thing that is wrong, and what cures it: the line of the .ini, the command or the edit."""

    what: str
    cure: str


Look = Callable[[Deployment], Iterable[Found]]


@dataclass(frozen=True)
class DeploymentCheck:
    """One check of one addon. `error` has to be mended, `warning` should be, `info` is good to know.

    With `development` it is made for an .ini of development too.
    """

    addon: str
    name: str
    title: str
    look: Look
    severity: Severity = "error"
    development: bool = False

    @property
    def id(self) -> str:
        """Under which findings are told, accepted and documented."""
        return f"{self.addon}:{self.name}"

    @property
    def explained(self) -> str:
        """What is looked at and why, as its function says."""
        return inspect.getdoc(self.look) or ""


class DeploymentDirectives:
    """The directive of this room, for the Configurator."""

    @action_method
    def add_deployment_check(
        self: Configurator,
        name: str,
        function: Any,
        title: str,
        *,
        severity: Severity = "error",
        development: bool = False,
    ) -> None:
        """Let `talatat doctor` ask `function(deployment)`, under `<addon>:<name>`, which gives `Found`s.

        `function` is a callable, or its dotted name, with a docstring that says what it looks at and why.
        `severity` is error, warning or info; `development` makes it for an .ini of development too.
        """
        look = self.maybe_dotted(function)
        try:
            inspect.signature(look).bind(None)
        except TypeError as error:
            raise ConfigurationError(
                f"{look!r} cannot be called as check(deployment): {error}"
            ) from None
        if severity not in SEVERITIES:
            raise ConfigurationError(f"severity={severity!r}: write one of {', '.join(SEVERITIES)}")
        if not inspect.getdoc(look):
            raise ConfigurationError(
                f"{look!r} has no docstring: say there what it looks at and why, for docs and operators"
            )
        declared = DeploymentCheck(self.owner, name, title, look, severity, development)
        intr = self.introspectable(CHECKS, declared.id, declared.id, "deployment check")
        intr.update(name=declared.id, title=title, callable=look)
        checks: dict[str, DeploymentCheck] = self.registry.system.deployment_checks

        def register() -> None:
            checks[declared.id] = declared

        self.action(("deployment check", declared.id), register, introspectables=(intr,))
