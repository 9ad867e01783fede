"""The surface of a composition: the same bytes everywhere, nothing of a machine, nothing secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

from talatat.testing.composed import write_ini

PRINT = """
import sys
from talatat.composing import compose, load_composition
from talatat.evolution.surface import canonical, surface_of
sys.stdout.buffer.write(canonical(surface_of(compose(load_composition(sys.argv[1])).registry)))
"""
ADDONS = ("accounts", "catalog", "orders", "loyalty")


def surface(
    folder: Path, addons: tuple[str, ...] = ADDONS, seed: str = "0", **settings: str
) -> bytes:
    """The surface of a composition made in a process of its own, as that process prints it."""
    folder.mkdir(exist_ok=True)
    given = {"accounts.secret": "file:%(here)s/secret", **settings}
    ini = write_ini(folder, addons, f"sqlite:///{folder}/db.sqlite", given)
    command = [sys.executable, "-W", "ignore", "-c", PRINT, ini]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, capture_output=True, check=True, env=environment).stdout


def test_one_composition_gives_the_same_bytes_in_another_folder_and_process(tmp_path):
    assert surface(tmp_path / "a", seed="1") == surface(tmp_path / "elsewhere", seed="2")


def test_nothing_of_the_machine_and_no_secret_stands_in_it(tmp_path):
    (tmp_path / "a").mkdir()
    text = surface(tmp_path / "a").decode()
    assert str(tmp_path) not in text
    assert sys.prefix not in text
    assert "a secret of tests" not in text
    assert json.loads(text)["settings"]["accounts.secret"]["value"] == "secret"


def test_what_changes_the_composition_changes_the_surface(tmp_path):
    whole = json.loads(surface(tmp_path / "whole"))
    small = json.loads(surface(tmp_path / "small", ("accounts", "catalog", "orders")))
    assert "loyalty" in {one["name"] for one in whole["addons"]}
    assert whole["overrides"][0]["addon"] == "loyalty"
    assert small["overrides"] == []
    assert "loyalty_product" in whole["tables"]
    assert "loyalty_product" not in small["tables"]
    changed = json.loads(surface(tmp_path / "set", **{"catalog.page_size": "7"}))
    assert changed["settings"]["catalog.page_size"] != whole["settings"]["catalog.page_size"]
    assert changed["settings"]["sqlalchemy.url"] == whole["settings"]["sqlalchemy.url"]
