"""The corpus is a package of its own beside the tests; its numbers grow with ``TALATAT_ACCEPT``."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def accepting():
    """Whether all of the corpus is asked for."""
    return os.environ.get("TALATAT_ACCEPT", "") not in ("", "0")


@pytest.fixture(scope="session")
def lab(postgresql_server):
    from hazard_corpus.lab import Lab

    return Lab(postgresql_server)
