"""What a checkout sends to the database, counted at the driver: where nobody listens, listeners see nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from tests.functional.flows.conftest import Client

from talatat.testing import TestSystem

pytestmark = pytest.mark.usefixtures("unwatched")

ORDERS = "/api/orders/v1/orders"


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Here on PostgreSQL only: on SQLite statements go through the session."""
    return postgresql_url


def sent_by(system: TestSystem, act: Callable[[], Any]) -> list[str]:
    """The statements that the driver executes for `act`, but for BEGIN and COMMIT."""
    sent: list[str] = []

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            sent.append(str(query))
            return super().execute(query, *arguments, **options)

    def count(connection: Any, record: Any) -> None:
        connection.cursor_factory = Counting

    engine = system.system.database.engine
    engine.dispose()
    event.listen(engine, "connect", count)
    try:
        act()  # connections are made and asked who they are
        sent.clear()
        act()
    finally:
        event.remove(engine, "connect", count)
        engine.dispose()
    return sent


def test_a_checkout_of_three_lines_is_eight_statements(
    site: TestSystem, admin: Client, stocked: Callable[..., str]
) -> None:
    """Who asks, the customer, the products, their stock, the order, its lines, the outbox, the change feed."""
    products = [stocked(f"P-{number}", "Lamp", count=100) for number in range(3)]
    customer = admin.send("post", "/api/orders/v1/customers", {"name": "Ann"}, 201)["id"]
    lines = [{"product_id": one, "quantity": 2} for one in products]
    body = {"customer_id": customer, "lines": lines}
    answers: list[Any] = []
    sent = sent_by(
        site, lambda: answers.append(admin.send("post", f"{ORDERS}:checkout", body, 201))
    )
    written = [one.split("(")[0].split()[:3] for one in sent if not one.startswith("SELECT")]
    assert [words[-1] for words in written if words[0] == "INSERT"] == [
        "orders_order",
        "orders_order_line",
        "talatat_outbox",
        "talatat_change",
    ]
    assert [words[1] for words in written if words[0] == "UPDATE"] == ["catalog_product"]
    assert len(sent) <= 8, sent
    # And it is all there.
    shown = admin.send("get", f"{ORDERS}/{answers[-1]['id']}")
    assert shown == answers[-1]
    assert admin.send("get", f"/api/catalog/v1/products/{products[0]}")["stock"] == 96
    changes = admin.send("get", f"{ORDERS}:changes")["items"]
    assert {one["id"] for one in changes} == {one["id"] for one in answers}


def test_a_token_is_looked_up_with_its_account_and_roles_by_one_statement(
    site: TestSystem, admin: Client
) -> None:
    sent = sent_by(site, lambda: admin.send("get", f"{ORDERS}?limit=1"))
    asked = [one for one in sent if "accounts_" in one]
    assert len(asked) == 1, sent
    assert len(sent) <= 2, sent
