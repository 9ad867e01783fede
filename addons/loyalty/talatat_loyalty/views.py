"""The receipt of orders, with the points that it earns; scanned under ``config.overriding("orders")``."""

from typing import Any

from pyramid.view import view_config

from talatat_loyalty.giving import points_for
from talatat_loyalty.models import CustomerPoints
from talatat_orders import receipt as plain_receipt


@view_config(
    route_name="orders.receipt",
    renderer="talatat_loyalty:templates/receipt.jinja2",
    request_method="GET",
    permission="orders.read",
)
def receipt(request: Any) -> dict[str, Any]:
    """What orders shows, and the points of the order and of the customer, if that one is shown."""
    shown = plain_receipt(request)
    customer = shown["customer"]
    rate = request.registry.system.settings["loyalty"].points_per_unit
    return {
        **shown,
        "earned": points_for(request.db, shown["order"], rate),
        "collected": None if customer is None else CustomerPoints.of(customer).points,
    }
