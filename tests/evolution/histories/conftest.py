"""The grove is a package of its own beside the tests; one warm process and one ground a database serve all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def warm():
    from grove.warm import Warm

    process = Warm()
    yield process
    process.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request, tmp_path, warm):
    """Where histories happen, once on each kind of database."""
    from grove.machine import ground_on

    server = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
    return ground_on(tmp_path, warm, server)
