"""The shop with audit, composed once on each database; tests look at the entries that they made."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from talatat.cli.main import main
from talatat.db import new_id
from talatat.testing import TestSystem, composed
from talatat.testing.fixtures import database_url, postgresql_server, postgresql_url, sqlite_url
from talatat.testing.identities import ByHeader
from talatat_audit.models import Entry
from talatat_catalog.models import Product

__all__ = ["database_url", "postgresql_server", "postgresql_url", "sqlite_url"]

ADDONS = ["accounts", "catalog", "orders", "loyalty", "audit"]
SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    # As weak as it goes.
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "64",
    "accounts.argon2_parallelism": "1",
    "audit.seal_seconds": "0",
}
PRODUCTS = "/api/catalog/v1/products"


@dataclass
class Trail:
    """A composed system, and the entries since the test began."""

    test: TestSystem
    since: str

    @property
    def app(self) -> Any:
        return self.test.app

    def rows(self, *conditions: Any) -> list[Any]:
        """The entries of this test, in the order in which they were made."""
        query = sa.select(Entry).where(Entry.id > self.since, *conditions).order_by(Entry.id)
        with self.test.session(reading=True) as session:
            return list(session.execute(query).scalars().all())

    def entries(self, *conditions: Any) -> list[dict[str, Any]]:
        with self.test.session(reading=True) as session:
            query = sa.select(Entry.__table__).where(Entry.id > self.since, *conditions)
            found = session.execute(query.order_by(Entry.id)).mappings()
            return [dict(one) for one in found]

    def one(self, *conditions: Any) -> dict[str, Any]:
        (found,) = self.entries(*conditions)
        return found

    def forget(self) -> None:
        """Look at what follows only."""
        self.since = new_id()

    def product(self, **values: Any) -> str:
        """The id of a new product."""
        made = {"sku": "lamp", "title": "Lamp", "price": {"amount": "12.50", "currency": "EUR"}}
        product: str = self.app.post_json(PRODUCTS, {**made, **values}, status=201).json["id"]
        return product


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestSystem]:
    """One composed system for each database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('audit')}/test.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").create_database()
    with composed(ADDONS, SETTINGS, url) as test:
        test.system.security.sources["tests"] = ByHeader("clerk *")
        yield test


@pytest.fixture
def trail(served: TestSystem) -> Trail:
    return Trail(served, new_id())


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Trail]:
    """A database of the test's own, for what looks at the whole chain."""
    with composed(["catalog", "audit"], {"audit.seal_seconds": "0"}, sqlite_url) as test:
        test.system.security.sources["tests"] = ByHeader("clerk *")
        yield Trail(test, new_id())


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The smallest system, for commands: they plan and compose anew."""
    url = f"sqlite:///{tmp_path_factory.mktemp('commands')}/test.sqlite"
    with composed(["catalog", "audit"], {"audit.seal_seconds": "0"}, url) as test:
        test.system.security.sources["tests"] = ByHeader("clerk *")
        yield test


@pytest.fixture
def commanded(small):
    """Runs a command on the .ini of that system; its exit code."""

    def run(*arguments):
        return main([arguments[0], small.ini, *arguments[1:]])

    return SimpleNamespace(run=run, own=Trail(small, new_id()))


@pytest.fixture
def own(database_url: str) -> Iterator[Trail]:
    """The same on both databases."""
    with composed(["catalog", "audit"], {"audit.seal_seconds": "0"}, database_url) as test:
        test.system.security.sources["tests"] = ByHeader("clerk *")
        yield Trail(test, new_id())


def product_row(**values: Any) -> Product:
    made = {"sku": "cup", "title": "Cup", "price_minor": 100, "currency": "EUR", "stock": 5}
    return Product(**{**made, **values})
