"""What differs between two surfaces, in words: what a plan shows, and what `history` tells of a release.

Each section compares one part of the surface and knows nothing of the others. What weakens a promise to
callers or to the operator is marked as such, whoever changed it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from talatat.evolution.differences.states import states
from talatat.evolution.plan.model import SECTIONS, Change

Surface = Mapping[str, Any]


def differences(
    old: Surface | None, new: Surface, *, archives: Collection[str] = ()
) -> list[Change]:
    """Every difference, in the order of SECTIONS. `old` is None before the first release.

    `archives` names addons whose data lies in an archive of the database: enabling restores them.
    """
    before: Surface = old or {}
    found = [*states(before, new, archives)]
    return sorted(found, key=lambda one: SECTIONS.index(one.section))


__all__ = ["differences"]
