"""The filled shop of tests/fuzz, over WSGI and as a served process.

All tests of this folder run on one worker: the shop is composed once, and the process is one.
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fuzz")]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("hostile"))


@pytest.fixture(scope="session")
def filled_shop():
    from fuzzing.shop import filled

    with filled() as shop:
        yield shop


@pytest.fixture
def shop(filled_shop):
    """The shop over WSGI, its database as it was filled."""
    filled_shop.restore()
    return filled_shop


@pytest.fixture
def nothing_is_stored(shop):
    """Whatever the test sends, the database holds afterwards what it held before."""
    from attacking.holding import stored

    before = stored(shop.file)
    yield
    assert stored(shop.file) == before


@pytest.fixture(scope="session")
def served_process(filled_shop, tmp_path_factory):
    from attacking.served import serving_copy

    with serving_copy(filled_shop, tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def served(served_process):
    """The served process, which afterwards still answers, holds what it held and has not grown."""
    from attacking.holding import stored

    database = served_process.log.parent / "shop.sqlite"
    assert served_process.get("/livez").status == 200
    before, memory = stored(database), served_process.memory()
    yield served_process
    assert served_process.get("/livez").status == 200
    assert served_process.process.poll() is None
    assert stored(database) == before
    assert served_process.memory() - memory < 32 * 1024 * 1024
    assert "Traceback" not in served_process.log.read_text(errors="replace")
