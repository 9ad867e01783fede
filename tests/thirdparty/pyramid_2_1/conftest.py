"""Pyramid's own tests of its urldispatch, run against the platform's mapper.

`test_urldispatch.py` is unchanged from Pyramid 2.1's source distribution (`tests/test_urldispatch.py`);
its licence and copyright stand beside it.
"""

from __future__ import annotations

import pyramid.urldispatch
import pytest

from talatat.routing import RoutesMapper


@pytest.fixture(autouse=True)
def the_mapper_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests import it by this name, each when it runs.
    monkeypatch.setattr(pyramid.urldispatch, "RoutesMapper", RoutesMapper)
