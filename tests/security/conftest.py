"""The shop whose authorization is proven, composed once; and the flag that writes what was reviewed."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser):
    parser.addoption(
        "--write-authorization",
        action="store_true",
        default=False,
        help="write tests/security/authorization.csv from what the shop does; review the difference",
    )


@pytest.fixture(scope="session")
def shop():
    from authorizing.shop import opened

    with opened() as shop:
        yield shop


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:  # the shop is composed once
            item.add_marker(pytest.mark.xdist_group("security"))
