"""What a checkout sends to the database, as libpq tells it: what listens further up would not see everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import pq
from sqlalchemy import event
from tests.functional.flows.conftest import Client

from talatat.testing import TestSystem

pytestmark = pytest.mark.usefixtures("unwatched")

ORDERS = "/api/orders/v1/orders"


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Here on PostgreSQL only: on SQLite statements go through the session."""
    return postgresql_url


MESSAGE = re.compile(r"^[FB]\t\d+\t", re.MULTILINE)
WORDED = re.compile(r'(Query|Parse|Bind)\t (?:"(\w*)" )?"(.*?)"(?: |$)', re.DOTALL)


def statements_of(trace: str) -> list[str]:
    """The statements that were run, prepared ones too, but for what begins and ends transactions."""
    prepared: dict[str, str] = {}
    run = []
    for message in MESSAGE.split(trace):
        if found := WORDED.match(message.strip()):
            kind, name, text = found.groups()
            if kind == "Parse":
                prepared[name] = text
            else:
                run.append(text if kind == "Query" else prepared[text])
    return [one for one in run if one not in ("BEGIN", "COMMIT", "ROLLBACK")]


def sent_by(system: TestSystem, folder: Path, act: Callable[[], Any]) -> list[str]:
    """What `act` sends, traced by libpq on new connections."""
    path = folder / "trace"
    opened = path.open("wb", buffering=0)

    def trace(connection: Any, record: Any) -> None:
        connection.pgconn.trace(opened.fileno())
        connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)

    engine = system.system.database.engine
    engine.dispose()
    event.listen(engine, "connect", trace)
    try:
        for _ in range(10):  # connections are made and asked who they are, statements are prepared
            act()
        before = statements_of(path.read_text())
        act()
    finally:
        event.remove(engine, "connect", trace)
        engine.dispose()  # what libpq has not written yet is written with the end of the connection
        opened.close()
    return statements_of(path.read_text())[len(before) :]


def test_a_checkout_of_three_lines_is_eight_statements(
    site: TestSystem, admin: Client, stocked: Callable[..., str], tmp_path: Path
) -> None:
    """Who asks, the customer, the products, their stock, the order, its lines, the outbox, the change feed."""
    products = [stocked(f"P-{number}", "Lamp", count=100) for number in range(3)]
    customer = admin.send("post", "/api/orders/v1/customers", {"name": "Ann"}, 201)["id"]
    lines = [{"product_id": one, "quantity": 2} for one in products]
    body = {"customer_id": customer, "lines": lines}
    answers: list[Any] = []
    sent = sent_by(
        site, tmp_path, lambda: answers.append(admin.send("post", f"{ORDERS}:checkout", body, 201))
    )
    written = [one.split("(")[0].split()[:3] for one in sent if not one.startswith("SELECT")]
    assert [words[-1] for words in written if words[0] == "INSERT"] == [
        "orders_order",
        "orders_order_line",
        "talatat_outbox",
        "talatat_change",
    ]
    assert [words[1] for words in written if words[0] == "UPDATE"] == ["catalog_product"]
    assert len(sent) == 8, sent
    # And it is all there.
    shown = admin.send("get", f"{ORDERS}/{answers[-1]['id']}")
    assert shown == answers[-1]
    assert admin.send("get", f"/api/catalog/v1/products/{products[0]}")["stock"] == 78
    changes = admin.send("get", f"{ORDERS}:changes")["items"]
    assert {one["id"] for one in changes} == {one["id"] for one in answers}


def test_a_token_is_looked_up_with_its_account_and_roles_by_one_statement(
    site: TestSystem, admin: Client, tmp_path: Path
) -> None:
    sent = sent_by(site, tmp_path, lambda: admin.send("get", f"{ORDERS}?limit=1"))
    asked = [one for one in sent if "accounts_" in one]
    assert len(asked) == 1, sent
    assert len(sent) == 2, sent
