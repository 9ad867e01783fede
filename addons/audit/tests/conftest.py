"""The shop with audit, composed once on each database; tests look at the entries that they made."""

from collections.abc import Iterator
from contextlib import contextmanager
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


def _small(url: str) -> Iterator[TestSystem]:
    with composed(["catalog", "audit"], {"audit.seal_seconds": "0"}, url) as test:
        test.system.security.sources["tests"] = ByHeader("clerk *")
        yield test


@pytest.fixture(scope="session")
def small_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSystem]:
    yield from _small(f"sqlite:///{tmp_path_factory.mktemp('small')}/test.sqlite")


@pytest.fixture(scope="session")
def small_postgresql(postgresql_server: Any) -> Iterator[TestSystem]:
    yield from _small(postgresql_server.create_database())


@contextmanager
def _unguarded(session: Any) -> Iterator[None]:
    """Without the triggers, as for somebody who has the database's own password."""
    if session.get_bind().dialect.name == "postgresql":
        for table in ("audit_entry", "audit_removal"):
            session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        for table in ("audit_entry", "audit_removal"):
            session.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'"
    triggers = session.execute(sa.text(query)).all()
    for name, _ in triggers:
        session.execute(sa.text(f"DROP TRIGGER {name}"))
    yield
    for _, text in triggers:
        session.connection().exec_driver_sql(text)


def _emptied(test: TestSystem) -> Trail:
    """The small system with nothing in its tables, for what looks at the whole chain."""
    with test.session() as session, _unguarded(session):
        for name in ("catalog_product", "catalog_category", "audit_entry", "audit_removal"):
            session.connection().exec_driver_sql(f"DELETE FROM {name}")
    return Trail(test, "00000000-0000-7000-8000-000000000000")


@pytest.fixture
def lite(small_sqlite: TestSystem) -> Trail:
    return _emptied(small_sqlite)


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest) -> Trail:
    """The same on both databases."""
    return _emptied(request.getfixturevalue(f"small_{request.param}"))


@pytest.fixture
def unguarded() -> Any:
    return _unguarded


@pytest.fixture
def commanded(lite: Trail) -> SimpleNamespace:
    """Runs a command on the .ini of the small system; its exit code."""

    def run(*arguments: str) -> int:
        return main([arguments[0], lite.test.ini, *arguments[1:]])

    return SimpleNamespace(run=run, own=lite)
