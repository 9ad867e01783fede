"""A shop that is served as a process, and clients of it that others' generators made from its document."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .generated import Made, generate, missing
from .shop import Shop, serving


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs these tests: they share the server and what is generated."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("clients"))


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with serving() as served:
        yield served


@pytest.fixture(scope="session")
def made(shop: Shop) -> Made:
    """Both clients, generated from the document that the server gives."""
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return generate(shop.document())
