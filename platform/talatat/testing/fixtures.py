"""Pytest fixtures for the platform and for addons.

In an addon's `tests/conftest.py`: `from talatat.testing.fixtures import *`. A test that takes
`database_url` runs once on SQLite and once on PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from talatat.testing import servers
from talatat.testing.redis import Redis

__all__ = ["database_url", "postgresql_server", "postgresql_url", "redis_server", "sqlite_url"]


def unavailable(reason: servers.Unavailable) -> None:
    """Skip the test with the reason; fail it where `CI` is set: there, nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI leaves nothing out", pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgresql_server() -> servers.PostgreSQL:
    """Return the throw-away server of this process (with xdist, of this worker)."""
    try:
        return servers.postgresql()
    except servers.Unavailable as reason:
        unavailable(reason)
        raise


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    """Yield an empty throw-away Redis, which a test may kill, freeze and start again."""
    yield from a_redis()


def a_redis() -> Iterator[Redis]:
    """The same, for a fixture of another scope; skips the test where there is no Redis."""
    server = Redis()
    try:
        server.start()
        yield server
    except servers.Unavailable as reason:
        unavailable(reason)
    finally:
        server.end()


@pytest.fixture
def postgresql_url(postgresql_server: servers.PostgreSQL) -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database, dropped after the test."""
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/test.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database: the test runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
