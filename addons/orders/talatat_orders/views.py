"""Pages for people: the receipt of an order.

An addon that requires this one may replace the page with ``config.overriding("orders")`` and extend
its template; ``receipt`` gives what there is to show.
"""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.view import view_config
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from talatat.db.types import is_id
from talatat_orders.models import Order
from talatat_orders.security import identity_id, own_order, sees_all

TEMPLATE = "talatat_orders:templates/receipt.jinja2"


@view_config(
    route_name="orders.receipt", renderer=TEMPLATE, request_method="GET", permission="orders.read"
)
def receipt(request: Any) -> dict[str, Any]:
    """The order of the URL, with customer and lines; 404 where there is none that one may see.

    Somebody may have ordered for a customer whom they may not see: that one is None.
    """
    order_id = request.matchdict["id"]
    query = select(Order).options(joinedload(Order.customer), selectinload(Order.lines))
    if not sees_all(request):
        query = query.where(own_order(request))
    order = request.db.scalar(query.where(Order.id == order_id)) if is_id(order_id) else None
    if order is None:
        raise HTTPNotFound("There is no such order.")
    seen = sees_all(request) or order.customer.user_id == identity_id(request)
    return {"order": order, "customer": order.customer if seen else None}
