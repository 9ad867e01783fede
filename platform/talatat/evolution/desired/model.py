"""What is wanted, as data that goes from one process to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from talatat.evolution.desired.fills import Fill, fills_of
from talatat.evolution.desired.packages import packages_of
from talatat.evolution.surface import canonical, surface_of
from talatat.system import System


@dataclass(frozen=True)
class Desired:
    """A composition as a plan sees it.

    `packages` is {addon: {distribution, version, hash}}, the platform among them; `order` the addons in
    the order of composition. `left_out` tells for each addon that quarantine or `without` took away why,
    and `refused` what addons tried while composing that composing must not do, and then did without.
    """

    surface: Mapping[str, Any]
    packages: Mapping[str, Mapping[str, str]]
    fills: tuple[Fill, ...] = ()
    order: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """What an operator should know of it: addons left out, and what was refused while composing."""
        left_out = [f"addon {name} is left out: {why}" for name, why in self.left_out.items()]
        return [*left_out, *self.refused]

    def as_json(self) -> dict[str, Any]:
        """Plain data, from which `from_json` makes an equal one."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `as_json` gave."""
        return cls(
            surface=document["surface"],
            packages=document["packages"],
            fills=tuple(Fill(**one) for one in document["fills"]),
            order=tuple(document["order"]),
            left_out=document["left_out"],
            refused=tuple(document["refused"]),
        )


def desired_of(registry: Any) -> Desired:
    """What a composed registry is: the same that composing it apart tells.

    Raises EvolutionError where a guaranteed extension row could not be made by SQL.
    """
    system: System = registry.system
    composition = system.composition
    return Desired(
        surface=json.loads(canonical(surface_of(registry))),
        packages=packages_of(composition),
        fills=tuple(fills_of(system)),
        order=composition.names,
        left_out=dict(composition.left_out),
    )
