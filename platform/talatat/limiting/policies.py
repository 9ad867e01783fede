"""Policies: how many requests somebody may send in how many seconds, under a name.

    60/minute    10/second    1000 per 2 hour    off

The platform has five; an addon adds its own with `config.add_limit`. The .ini has the last word on each:
`talatat.limits.<name> = 60/minute`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from talatat.configuration.provenance import where

if TYPE_CHECKING:
    from talatat.settings import Quota, Settings

By = Literal["principal", "address"]
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
KEY = "talatat.limits."  # before the name of a policy: its key in the .ini

# Every request of an address, whoever sends it: counted before anything else is looked at.
ADDRESS = "address"
# Requests for which nobody was recognised.
ANONYMOUS = "anonymous"
# Those of somebody.
AUTHENTICATED = "authenticated"
# Credentials that were looked up and are not valid.
CREDENTIALS = "credentials"
# Whatever changes something, somebody's or an address's.
WRITES = "writes"


@dataclass(frozen=True)
class Policy:
    """A named limit. `quota` is None where it is switched off; `by` says who shares one count."""

    name: str
    by: By
    quota: Quota | None = None


OWN = (
    Policy(ADDRESS, "address"),
    Policy(ANONYMOUS, "address"),
    Policy(AUTHENTICATED, "principal"),
    Policy(CREDENTIALS, "address"),
    Policy(WRITES, "principal"),
)


class Policies(dict[str, Policy]):
    """The policies of one composition, by name; all are off where `talatat.limits = off`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__((policy.name, policy) for policy in OWN)
        self._settings = settings
        self.enabled: bool = settings.platform.limits

    def add(self, policy: Policy) -> None:
        """Take a policy in."""
        self[policy.name] = policy

    def finish(self) -> None:
        """Read the quotas, once every addon has spoken: defaults may be overridden until then."""
        for name, policy in self.items():
            quota = self._settings.value(KEY + name) if self.enabled else None
            self[name] = replace(policy, quota=quota)

    def problems(self, registry: Any) -> Iterator[str]:
        """A text for each view whose option `limit` names no policy."""
        for item in registry.introspector.get_category("views", default=()):
            view = item["introspectable"]
            name = view.get("limit")
            if name is None or name in self:
                continue
            near = get_close_matches(str(name), self, 1, 0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            yield (
                f"view {view.title} ({where(view)}) has the limit {name!r}, which no composed addon "
                f"declares.{hint} Declare it with config.add_limit({name!r}, '60/minute')."
            )
