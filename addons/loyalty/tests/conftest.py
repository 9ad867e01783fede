"""Catalogue, orders and loyalty on a fresh database, and somebody who may do everything."""

from collections.abc import Iterator
from typing import Any

import pytest

from talatat.security.identity import Identity
from talatat.testing import TestSystem, composed
from talatat.testing.fixtures import database_url, postgresql_server, postgresql_url, sqlite_url
from talatat_catalog.models import Product

__all__ = ["database_url", "postgresql_server", "postgresql_url", "sqlite_url"]


class Somebody:
    """An identity source for tests: the header names the permissions, all where it is absent."""

    def identify(self, request: Any) -> Identity | None:
        words = request.headers.get("X-Test-Identity", "clerk *").split()
        return Identity(
            id=words[0], name=words[0], source="tests", permissions=frozenset(words[1:])
        )


@pytest.fixture
def somebody() -> Somebody:
    """Who sends the requests of a test."""
    return Somebody()


@pytest.fixture
def shop(database_url: str, somebody: Somebody) -> Iterator[TestSystem]:
    """The composed system: each test runs on SQLite and on PostgreSQL."""
    with composed(["catalog", "orders", "loyalty"], url=database_url) as system:
        system.system.security.sources["tests"] = somebody
        yield system


@pytest.fixture
def lamp(shop: TestSystem) -> str:
    """The id of a product that costs 12.50 and earns 5 points."""
    product = Product(sku="lamp", title="Lamp", price_minor=1250, currency="EUR", stock=10)
    product_id = product.id
    with shop.session() as session:
        session.add(product)
    path = f"/api/catalog/v1/products/{product_id}"
    shop.app.patch_json(path, {"loyalty": {"points": 5}})
    return product_id


@pytest.fixture
def customer(shop: TestSystem) -> str:
    """The id of a customer."""
    return shop.app.post_json("/api/orders/v1/customers", {"name": "Ann"}).json["id"]
