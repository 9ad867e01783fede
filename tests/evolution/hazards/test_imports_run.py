"""Why a revision must not import its addon's models: it is run with a later release, whose names are others."""

import importlib.util
import sys

import pytest

from talatat.evolution.hazards import Context, lint

LATER = "class Card: pass\n"
MODELS = {
    "by its module": "from tlater_shop.models import Item",
    "by its package": "import tlater_shop\nItem = tlater_shop.models.Item",
    "inside of upgrade": "def upgrade():\n    from tlater_shop.models import Item\nupgrade()",
    "by a loader": "import importlib\nItem = importlib.import_module('tlater_shop.models').Item",
    "columns of its own": "import sqlalchemy as sa\nitem = sa.table('shop_item', sa.column('id'))",
    "types of the platform": "from talatat.db import types as t\nt.UUIDv7()",
    "the standard library": "import json, datetime",
}


@pytest.fixture
def later_release(tmp_path, monkeypatch):
    package = tmp_path / "tlater_shop"
    package.mkdir()
    (package / "__init__.py").write_text("from . import models\n")
    (package / "models.py").write_text(LATER)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("tlater_shop")]:
        del sys.modules[name]


@pytest.mark.parametrize("how", MODELS)
def test_what_fails_with_a_later_release_is_what_the_linter_names(tmp_path, later_release, how):
    path = tmp_path / "revision.py"
    path.write_text(MODELS[how])
    spec = importlib.util.spec_from_file_location("revision", path)
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        fails = False
    except (ImportError, AttributeError):
        fails = True
    found = lint([], context=Context(source=path, packages=frozenset({"tlater_shop"})))
    assert bool(found) == fails
