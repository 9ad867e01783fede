"""Buy something: log in, fill a basket, check out, and what is refused on the way."""

from typing import Any
from uuid import UUID

from shop import AuthenticatedClient, Client
from shop.api.accounts import accounts_tokens_create
from shop.api.catalog import catalog_products_get
from shop.api.orders import (
    orders_customers_create,
    orders_customers_get,
    orders_customers_patch,
    orders_orders_checkout,
    orders_orders_get,
    orders_orders_pay,
)
from shop.models import (
    AccountsMinted,
    AccountsTokenBody,
    CatalogProducts,
    OrdersCustomers,
    OrdersCustomersCreate,
    OrdersCustomersPatch,
    OrdersOrders,
    OrdersOrdersCheckoutBody,
    OrdersOrdersCheckoutBodyLinesItem,
    Problem,
)
from shop.types import Response
from shown import shown


def checkout(url: str, user: str, password: str, plenty: str, few: str) -> dict[str, Any]:
    with Client(base_url=url) as anonymous:
        body = AccountsTokenBody(user=user, password=password, expires_in=600)
        minted = accounts_tokens_create.sync(client=anonymous, body=body)
        assert isinstance(minted, AccountsMinted)
    with AuthenticatedClient(base_url=url, token=minted.token) as client:
        customer = orders_customers_create.sync(
            client=client, body=OrdersCustomersCreate(name="Ann")
        )
        assert isinstance(customer, OrdersCustomers)
        customer_id = shown(customer.id)
        product = catalog_products_get.sync(UUID(plenty), client=client)
        assert isinstance(product, CatalogProducts)

        def basket(of_few: int) -> OrdersOrdersCheckoutBody:
            return OrdersOrdersCheckoutBody(
                customer_id=customer_id,
                lines=[
                    OrdersOrdersCheckoutBodyLinesItem(
                        product_id=UUID(plenty), quantity=2, expected_price=shown(product.price)
                    ),
                    OrdersOrdersCheckoutBodyLinesItem(product_id=UUID(few), quantity=of_few),
                ],
            )

        refused = orders_orders_checkout.sync_detailed(client=client, body=basket(1000))
        key = f"first-{customer_id}"
        made, again = (
            orders_orders_checkout.sync_detailed(client=client, body=basket(1), idempotency_key=key)
            for _ in range(2)
        )
        assert isinstance(made.parsed, OrdersOrders)
        assert isinstance(again.parsed, OrdersOrders)
        order_id = shown(made.parsed.id)
        order = orders_orders_get.sync(order_id, client=client, expand="customer,lines.product")
        assert isinstance(order, OrdersOrders)
        assert isinstance(order.customer, OrdersCustomers)
        first = shown(order.lines)[0].product
        assert isinstance(first, CatalogProducts)
        paid = orders_orders_pay.sync(order_id, client=client)
        assert isinstance(paid, OrdersOrders)

        before = orders_customers_get.sync_detailed(customer_id, client=client)
        changes = [
            orders_customers_patch.sync_detailed(
                customer_id,
                client=client,
                body=OrdersCustomersPatch(name=name),
                if_match=before.headers["ETag"],
            )
            for name in ("Anne", "Anna")
        ]
        changed, stale = changes
        assert isinstance(changed.parsed, OrdersCustomers)
        return {
            "refused": problem(refused),
            "status": [made.status_code, again.status_code],
            "replayed": again.parsed.id == order_id,
            "lines": [
                [shown(line.quantity), shown(line.amount).amount] for line in shown(order.lines)
            ],
            "total": shown(order.total).to_dict(),
            "expanded": [order.customer.name, first.sku],
            "state": [order.state, paid.state],
            "changed": changed.parsed.name,
            "stale": problem(stale),
        }


def problem(answer: Response[Any]) -> list[Any]:
    """Status, code, where."""
    said = answer.parsed
    assert isinstance(said, Problem)
    return [int(answer.status_code), said.code, [one.pointer for one in said.errors or ()]]
