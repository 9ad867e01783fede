"""The OpenAPI document of the four addons, composed once without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from talatat.composing import compose, load_composition
from talatat.openapi import document_of
from talatat.testing import write_ini

ADDONS = ("accounts", "catalog", "orders", "loyalty")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("documents")
    (folder / "secret").write_text("x" * 40)
    settings = {
        "accounts.secret": "file:%(here)s/secret",
        "talatat.api.contact": "Operations <operations@example.com> https://example.com/support",
        "talatat.api.license": "Proprietary https://example.com/terms",
    }
    ini = write_ini(folder, ADDONS, f"sqlite:///{folder}/none.sqlite", settings)
    return compose(load_composition(ini)).registry


@pytest.fixture(scope="session")
def document(registry: Any) -> Any:
    """As a client reads it."""
    return json.loads(json.dumps(document_of(registry)))
