"""What requests cost, by addon and route: time, processor time, statements, errors.

counting   what the logging tween notes of each request, and the table into which it is written
report     the table read: for `talatat cost`, and for pages of administrators
view       `/api/costs`, for those who may

A request is its route's: what hooks and subscribers of other addons do for it is counted with it. What is done
after the answer, by the outbox above all, is no request's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talatat.web.costs.counting import Costs, ICosts
from talatat.web.costs.view import PERMISSION, costs

if TYPE_CHECKING:
    from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Count, unless `talatat.costs` says no, and tell those who may what was counted."""
    system = config.registry.system
    if system.settings.platform.costs:
        config.registry.registerUtility(Costs(system), ICosts)
    config.add_permission(PERMISSION, "See what requests cost, by addon and route (/api/costs)")
    config.add_route("talatat.costs", "/api/costs")
    config.add_view(
        costs,
        route_name="talatat.costs",
        request_method="GET",
        permission=PERMISSION,
        renderer="json",
    )
