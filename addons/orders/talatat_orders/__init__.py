"""Customers, orders and the checkout; and the invoices of former years.

What other addons may import: the models, the events, and ``receipt``, which an overriding view calls.
"""

from typing import Any

from talatat_orders.events import OrderCancelled, OrderPlaced
from talatat_orders.models import Customer, HistoryInvoice, HistoryLine, Order, OrderLine
from talatat_orders.views import receipt

__all__ = [
    "Customer",
    "HistoryInvoice",
    "HistoryLine",
    "Order",
    "OrderCancelled",
    "OrderLine",
    "OrderPlaced",
    "receipt",
]


def includeme(config: Any) -> None:
    """The table of contents of this addon."""
    from talatat_orders.history.loader import HistoryLoader
    from talatat_orders.resources import Customers, History, Invoices, Orders
    from talatat_orders.settings import OrdersSettings

    config.add_settings_schema(OrdersSettings)
    config.include("talatat_orders.security")
    config.add_resource(Customers)
    config.add_resource(Orders)
    config.add_resource(Invoices)
    config.add_resource(History)
    config.add_loader("orders.history", HistoryLoader)
    config.add_route("orders.receipt", "/orders/{id}/receipt")
    config.scan("talatat_orders.views")
