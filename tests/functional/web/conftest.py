"""The demonstration's four addons, composed once: what is said of every system is said of a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from talatat.testing import TestSystem, composed
from talatat.testing.identities import ByHeader

SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "8192",
    "accounts.argon2_parallelism": "1",
}
ADDONS = ("accounts", "catalog", "orders", "loyalty")


@pytest.fixture(scope="session")
def shop() -> Iterator[TestSystem]:
    """All four, on SQLite; who asks says so in a header, see `talatat.testing.identities`."""
    with composed(ADDONS, SETTINGS) as system:
        system.system.security.sources["tests"] = ByHeader()
        yield system
