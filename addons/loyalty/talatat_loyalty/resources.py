"""``/api/loyalty/v1/accounts``: the points that customers may spend."""

from typing import Any

from sqlalchemy import select

from talatat.resources import Resource
from talatat_loyalty.models import Account
from talatat_loyalty.schemas import AccountSchema
from talatat_orders.models import Customer


class Accounts(Resource):
    """One account for each customer who has collected points; clerks may adjust them."""

    name = "accounts"
    model = Account
    schema = AccountSchema
    permissions = {"read": "loyalty.read", "write": "loyalty.adjust"}
    filters = ("customer_id", "points")
    sorts = ("points", "created_at")

    def scope(self, request: Any, query: Any) -> Any:
        """All accounts for those who may read all; else those of the user's own customers."""
        if request.has_permission("loyalty.read_all"):
            return query
        own = select(Customer.id).where(Customer.user_id == request.identity.id)
        return query.where(Account.customer_id.in_(own))
