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
    folder: Path,
    addons: tuple[str, ...] = ADDONS,
    environment: dict[str, str] | None = None,
    url: str | None = None,
    **settings: str,
) -> bytes:
    """The surface of a composition made in a process of its own, as that process prints it."""
    folder.mkdir(exist_ok=True)
    given = {"accounts.secret": "file:%(here)s/secret", **settings}
    ini = write_ini(folder, addons, url or f"sqlite:///{folder}/db.sqlite", given)
    command = [sys.executable, "-W", "ignore", "-c", PRINT, ini]
    variables = {**os.environ, "PYTHONHASHSEED": "1", **(environment or {})}
    done = subprocess.run(command, capture_output=True, check=True, env=variables, cwd=folder)
    return done.stdout


def test_one_composition_gives_the_same_bytes_on_another_machine(tmp_path):
    """Another folder, hash seed, order of the path, environment, database, and layers of the .ini."""
    here = surface(
        tmp_path / "a",
        environment={"SHOP_SECRET": "one", "PAGES": "5"},
        **{"accounts.secret": "${SHOP_SECRET}", "catalog.page_size": "${PAGES}"},
    )
    other = tmp_path / "elsewhere" / "deep"
    (other / "more").mkdir(parents=True)
    reordered = """
import sys
sys.path[:] = [sys.argv[1].rpartition('/')[0], *reversed(sys.path)]
"""
    (other / "sitecustomize.py").write_text(
        reordered.replace("sys.argv[1]", repr(str(other / "x")))
    )
    base = {
        "accounts.secret": "${SHOP_SECRET}",
        "catalog.page_size": "${PAGES}",
        "talatat.db.pool_size": "3",
        "talatat.log_format": "json",
    }
    there = surface(
        other,
        environment={
            "PYTHONHASHSEED": "2",
            "PYTHONPATH": str(other),
            "SHOP_SECRET": "two",
            "PAGES": "6",
            "LANG": "C",
            "TZ": "Asia/Tokyo",
            "HOME": str(other),
        },
        url="postgresql+psycopg://nobody:secret@db.example/shop",
        **base,
    )
    assert here == there
    layered = tmp_path / "a" / "site.ini"
    layered.write_text("[app:main]\nuse = config:test.ini\n")
    command = [sys.executable, "-W", "ignore", "-c", PRINT, str(layered)]
    variables = {**os.environ, "SHOP_SECRET": "three", "PAGES": "7"}
    assert subprocess.run(command, capture_output=True, check=True, env=variables).stdout == here


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
