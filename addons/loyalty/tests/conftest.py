"""Catalogue, orders and loyalty on a fresh database, and somebody who may do everything."""

from collections.abc import Iterator

import pytest

from talatat.testing import TestSystem, composed
from talatat.testing.fixtures import database_url, postgresql_server, postgresql_url, sqlite_url
from talatat.testing.identities import ByHeader
from talatat_catalog.models import Product

__all__ = ["database_url", "postgresql_server", "postgresql_url", "sqlite_url"]


@pytest.fixture
def somebody() -> ByHeader:
    """Who sends the requests of a test: a clerk who may do everything, unless the header says otherwise."""
    return ByHeader("clerk *")


@pytest.fixture
def shop(database_url: str, somebody: ByHeader) -> Iterator[TestSystem]:
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
