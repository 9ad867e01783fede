"""A catalogue under test: composed on a fresh database, and identities by a header."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from talatat.loading.batches import Load
from talatat.loading.records import Counts
from talatat.loading.source import Source
from talatat.testing import TestSystem, composed
from talatat.testing.fixtures import database_url, postgresql_server, postgresql_url, sqlite_url
from talatat.testing.identities import HEADER, ByHeader
from talatat_catalog.models import Product

__all__ = ["database_url", "postgresql_server", "postgresql_url", "sqlite_url"]

PRODUCTS = "/api/catalog/v1/products"
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Catalog:
    """The composed system, with a few words for tests."""

    test: TestSystem

    def product(self, sku: str = "A1", **fields: Any) -> str:
        """Add a product through the ORM; its id."""
        given = {"title": f"The {sku}", "price_minor": 1000, "currency": "EUR", "stock": 10}
        with self.test.session() as session:
            product = Product(sku=sku, **{**given, **fields})
            session.add(product)
            return product.id

    def get(self, path: str = PRODUCTS, status: int = 200, **parameters: Any) -> Any:
        return self.test.app.get(path, parameters, status=status).json

    def skus(self, **parameters: Any) -> list[str]:
        """The codes of the products that a list shows."""
        return [item["sku"] for item in self.get(**parameters)["items"]]

    def send(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """A request of somebody who may write."""
        send = getattr(self.test.app, f"{method}_json" if body is not None else method)
        arguments = () if body is None else (body,)
        return send(path, *arguments, headers={HEADER: "ann catalog.write"}, status=status)

    def load(self, path: Path, **options: Any) -> Counts:
        return Load(self.test.system, "catalog.products", Source(path), **options).run()


@pytest.fixture
def catalog(database_url: str) -> Iterator[Catalog]:
    """A catalogue with its own database: each test runs on SQLite and on PostgreSQL."""
    with composed(["catalog"], url=database_url) as test:
        test.system.security.sources["tests"] = ByHeader()
        yield Catalog(test)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Catalog]:
    """A catalogue that the tests of a module share, on each database: for tests that only read."""
    if request.param == "sqlite":
        url, drop = f"sqlite:///{tmp_path_factory.mktemp('shared')}/test.sqlite", None
    else:
        server = request.getfixturevalue("postgresql_server")
        url, drop = server.create_database(), server.drop_database
    with composed(["catalog"], url=url) as test:
        test.system.security.sources["tests"] = ByHeader()
        yield Catalog(test)
    if drop:
        drop(url)


@pytest.fixture(scope="session")
def icecat() -> Path:
    """The folder of the real products and ratings."""
    data = Path(os.environ.get("TALATAT_DATA") or ROOT.parent / "shared" / "data")
    folder = data / "icecat"
    if not (folder / "products.jsonl.xz").exists():
        reason = f"{folder} is absent: name the folder of the real data in TALATAT_DATA"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI leaves nothing out", pytrace=False)
        pytest.skip(reason)
    return folder
