"""What differs between two surfaces, in words: what a plan shows, and what `history` tells of a release.

Each section compares one part of the surface and knows nothing of the others. What weakens a promise to
callers or to the operator is marked as such, whoever changed it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from talatat.evolution.differences.api import api
from talatat.evolution.differences.comparing import Pair
from talatat.evolution.differences.hooks import hooks
from talatat.evolution.differences.overrides import overrides
from talatat.evolution.differences.security import permissions
from talatat.evolution.differences.settings import jobs, settings
from talatat.evolution.differences.states import states
from talatat.evolution.differences.web import routes, views
from talatat.evolution.model import SECTIONS, Change

Surface = Mapping[str, Any]


def differences(
    old: Surface | None,
    new: Surface,
    *,
    archives: Collection[str] = (),
    left_out: Mapping[str, str] | None = None,
) -> list[Change]:
    """Every difference, in the order of SECTIONS. `old` is None before the first release.

    `archives` names addons whose data lies in an archive of the database: enabling restores them.
    `left_out` tells of addons that quarantine or --without took away why.
    """
    if old == new:
        return []
    pair = Pair(old or {}, new)
    found = [*states(pair, archives, left_out)]
    for section in (routes, views, overrides, hooks, permissions, api, settings, jobs):
        found += section(pair)
    return sorted(found, key=lambda one: SECTIONS.index(one.section))


__all__ = ["differences"]
