"""What the shop keeps: customers and their orders, and the invoices of former years.

Other addons may import these classes; foreign keys and extensions take the class, never its name.
"""

from talatat_orders.models.base import Base
from talatat_orders.models.history import HistoryInvoice, HistoryLine
from talatat_orders.models.orders import Customer, Order, OrderLine

__all__ = ["Base", "Customer", "HistoryInvoice", "HistoryLine", "Order", "OrderLine"]
