"""The shop that is fuzzed, composed once; each test begins with the same database."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def filled_shop():
    from fuzzing.shop import filled

    with filled() as shop:
        yield shop


@pytest.fixture
def shop(filled_shop):
    filled_shop.restore()
    return filled_shop


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:  # the shop is composed once
            item.add_marker(pytest.mark.xdist_group("fuzz"))
