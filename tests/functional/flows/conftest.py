"""All four addons composed, as the demonstration is: clients have a token and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from talatat.testing import TestSystem, composed
from talatat_accounts.bootstrap import ensure_admin
from talatat_catalog.models import Product

SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    # Hashing as weak as tests may have it: 10 ms instead of 350.
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "8192",
    "accounts.argon2_parallelism": "1",
}


@dataclass
class Client:
    """Somebody with a token who speaks to the API over WSGI."""

    app: Any
    token: str

    def send(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The JSON of an answer, which must have `status`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        options: dict[str, Any] = {"headers": headers, "status": status}
        if body is not None:
            options["params"] = body
        send = getattr(self.app, method if body is None else f"{method}_json")
        answer = send(path, **options)
        return answer.json if answer.body else None


@pytest.fixture
def site(database_url: str) -> Iterator[TestSystem]:
    addons = ["accounts", "catalog", "orders", "loyalty"]
    with composed(addons, settings=SETTINGS, url=database_url) as system:
        yield system


@pytest.fixture
def admin(site: TestSystem) -> Client:
    credentials = ensure_admin(site.system)
    assert credentials is not None
    return Client(site.app, credentials.token)


@pytest.fixture
def stocked(site: TestSystem) -> Any:
    """Put a product on the shelf; gives its id."""

    def stock(sku: str, title: str, price: int = 1000, count: int = 10, **fields: Any) -> str:
        product = Product(
            sku=sku, title=title, price_minor=price, currency="EUR", stock=count, **fields
        )
        made = product.id
        with site.session() as session:
            session.add(product)
        return made

    return stock
