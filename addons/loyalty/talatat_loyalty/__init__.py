"""Points for what customers buy: the addon that the documentation walks through.

``includeme`` is the table of contents. Each line below is explained in the README.
"""

from typing import Any

from talatat_catalog import Product
from talatat_loyalty.models import Account, CustomerPoints, ProductPoints
from talatat_orders import Customer, OrderCancelled, OrderPlaced

__all__ = ["Account", "CustomerPoints", "ProductPoints"]


def includeme(config: Any) -> None:
    """The table of contents of this addon."""
    from talatat_loyalty.giving import give_points, take_back_points
    from talatat_loyalty.resources import Accounts
    from talatat_loyalty.schemas import CustomerPointsFields, ProductPointsFields
    from talatat_loyalty.settings import LoyaltySettings

    config.add_settings_schema(LoyaltySettings)

    config.add_permission("loyalty.read", "Read one's own points")
    config.add_permission("loyalty.read_all", "Read everybody's points")
    config.add_permission("loyalty.adjust", "Adjust a customer's or a product's points")

    config.extend_model(Product, ProductPoints, presence="sparse")
    config.extend_resource("catalog.products", ProductPointsFields)
    config.extend_model(Customer, CustomerPoints, presence="always")
    config.extend_resource("orders.customers", CustomerPointsFields)

    config.add_resource(Accounts)

    config.add_subscriber_after_commit(give_points, OrderPlaced)
    config.add_subscriber_after_commit(take_back_points, OrderCancelled)

    with config.overriding("orders"):
        config.scan("talatat_loyalty.views")
