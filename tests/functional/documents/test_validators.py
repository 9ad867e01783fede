"""What validators and linters that are not ours say of the documents: nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from talatat.openapi import part_of

SPECTRAL = Path(__file__).parents[2] / "clients" / "node_modules" / ".bin" / "spectral"


@pytest.fixture(scope="session")
def parts(document: Any) -> dict[str, Any]:
    """The whole document and that of each group."""
    groups = {"/".join(path.split("/")[:4]) for path in document["paths"] if path.count("/") > 3}
    prefixes = [f"{one}/" for one in sorted(groups) if "{" not in one]
    assert len(prefixes) == 4
    return {"whole": document, **{one: part_of(document, one) for one in prefixes}}


def test_each_document_is_valid_openapi_3_1(parts: dict[str, Any]) -> None:
    for part in parts.values():
        OpenAPIV31SpecValidator(part).validate()


def test_spectral_has_no_finding_with_all_its_rules(parts: dict[str, Any], tmp_path: Path) -> None:
    if not SPECTRAL.exists() or shutil.which("node") is None:
        reason = "npm's packages are not installed: make setup"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    (tmp_path / ".spectral.yaml").write_text('extends: [["spectral:oas", all]]\n')
    files = []
    # The other groups are cut out of the whole as this one is.
    for number, part in enumerate((parts["whole"], parts["/api/orders/v1/"])):
        files.append(f"{number}.json")
        (tmp_path / files[-1]).write_text(json.dumps(part))
    done = subprocess.run(
        [str(SPECTRAL), "lint", "--ruleset", ".spectral.yaml", "--format", "json",
         "--output", "found.json", *files],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found = json.loads((tmp_path / "found.json").read_text())
    said = [f"{one['source']}: {one['code']} {one['path']}: {one['message']}" for one in found]
    assert not said, done.stderr
    assert done.returncode == 0, done.stderr
