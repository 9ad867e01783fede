"""A shop under test: catalogue and orders on a fresh database, and identities by a header."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from talatat.testing import TestSystem, composed
from talatat.testing.fixtures import database_url, postgresql_server, postgresql_url, sqlite_url
from talatat.testing.identities import HEADER, ByHeader
from talatat_catalog.models import Product

__all__ = ["database_url", "postgresql_server", "postgresql_url", "sqlite_url"]


@dataclass
class Person:
    """Somebody who sends requests."""

    system: TestSystem
    words: str

    def get(self, path: str, **options: Any) -> Any:
        return self.system.app.get(path, headers={HEADER: self.words}, **options)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        send = self.system.app.post if body is None else self.system.app.post_json
        arguments = () if body is None else (body,)
        return send(path, *arguments, headers={HEADER: self.words}, status=status)

    def patch(self, path: str, body: Any, **options: Any) -> Any:
        return self.system.app.patch_json(path, body, headers={HEADER: self.words}, **options)

    def customer(self, **fields: Any) -> str:
        made = self.post("/api/orders/v1/customers", {"name": "Ann", **fields}, status=201)
        return made.json["id"]

    def checkout(self, customer: str, *lines: Any, status: int = 201) -> Any:
        body = {
            "customer_id": customer,
            "lines": [
                {"product_id": line[0], "quantity": line[1], **dict(line[2:])} for line in lines
            ],
        }
        return self.post("/api/orders/v1/orders:checkout", body, status=status).json


@dataclass
class Shop:
    """The composed system, with a few words for tests."""

    system: TestSystem

    def person(self, name: str, *permissions: str) -> Person:
        return Person(self.system, " ".join((name, *permissions)))

    @property
    def clerk(self) -> Person:
        return self.person("clerk", "*")

    def product(self, sku: str, price: int = 1000, stock: int | None = 10, **fields: Any) -> str:
        with self.system.session() as session:
            product = Product(
                sku=sku,
                title=f"The {sku}",
                price_minor=price,
                stock=stock,
                **{"currency": "EUR", **fields},
            )
            session.add(product)
            return product.id

    def stock(self, product_id: str) -> int | None:
        with self.system.session(reading=True) as session:
            return session.get_one(Product, product_id).stock


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A shop with its own database: each test runs on SQLite and on PostgreSQL."""
    with composed(["catalog", "orders"], url=database_url) as system:
        system.system.security.sources["tests"] = ByHeader()
        yield Shop(system)
