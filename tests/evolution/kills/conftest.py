"""The killing is a package of its own beside the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request):
    """A PostgreSQL server, or None for SQLite: the test runs on both."""
    return request.getfixturevalue("postgresql_server") if request.param == "postgresql" else None
