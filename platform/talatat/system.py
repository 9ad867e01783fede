"""What one composed process holds, in one typed place: `registry.system`.

Everything that Pyramid packages usually hang on the registry under names of their own stands here as a
field, so that a reader and a type checker see all of it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from talatat.composition import Composition
from talatat.configuration.provenance import Override
from talatat.db import Database, Models
from talatat.db.encrypted import use_keys
from talatat.deployment import DeploymentCheck
from talatat.events import Outbox
from talatat.health_checks import HealthCheck
from talatat.limiting import Limiter, Load, Policies
from talatat.problem_codes import ProblemCodes
from talatat.resources import Resources
from talatat.security import KeyRing, Security
from talatat.security.keys import ring_of
from talatat.settings import Settings


@dataclass
class System:
    """One composition, composed.

    `quarantined` tells for each addon that was left out why; `release` is the one that is served, set
    once the database has been seen at the composition. `serving` says that this process serves requests,
    as no command and no test does; `draining`, that it was told to stop and wants no more; `guard` is `talatat.evolution.guard.Guard`.
    `keys` is the ring of `talatat.secret`.
    """

    composition: Composition
    settings: Settings
    database: Database
    models: Models = field(default_factory=Models)
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    problem_codes: ProblemCodes = field(default_factory=ProblemCodes)
    outbox: Outbox = field(default_factory=Outbox)
    health_checks: dict[str, HealthCheck] = field(default_factory=dict)
    deployment_checks: dict[str, DeploymentCheck] = field(default_factory=dict)
    load: Load = field(default_factory=Load)
    loaders: dict[str, Any] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    deferred_includes: list[tuple[str, Any, Any]] = field(default_factory=list)
    directive_owners: dict[str, str] = field(default_factory=dict)
    marked_assets: set[str] = field(default_factory=set)
    release: int | None = None
    serving: bool = False
    draining: bool = False
    guard: Any = None
    keys: KeyRing = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Without a secret, what is signed lives as long as this process.
        secret = self.settings.platform.secret or [secrets.token_urlsafe(48)]
        self.keys = ring_of(tuple(secret))
        use_keys(self.database, self.keys)
        self.limits = Limiter(self, Policies(self.settings))

    @property
    def quarantined(self) -> Mapping[str, str]:
        """Addons that could not be composed, and why."""
        return self.composition.left_out
