"""Wheels of all distributions, installed outside of the checkout: compose, apply, serve."""

import subprocess
from pathlib import Path

from .conftest import ROOT, UV, get, json_of


def test_there_is_a_wheel_for_each_distribution_with_its_migrations_and_templates(wheels):
    names = {wheel.name.partition("-")[0] for wheel in wheels}
    assert names == {"talatat"} | {
        f"talatat_{path.parent.name}" for path in ROOT.glob("addons/*/pyproject.toml")
    }


def test_every_file_of_the_tree_that_is_needed_is_in_a_wheel(wheels, fresh):
    installed = fresh.site_packages()
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    missing = []
    for name in map(Path, listed.splitlines()):
        if name.parts[0] == "platform":
            place = Path(*name.parts[1:])
        elif name.parts[0] == "migrations":
            place = Path("talatat", name)
        elif name.parts[0] == "addons" and name.parts[2].startswith("talatat_"):
            place = Path(*name.parts[2:])
        else:
            continue
        if (ROOT / name).exists() and not (installed / place).exists():
            missing.append(str(name))
    assert missing == [], "add them to package-data in pyproject.toml"


def test_the_wheels_pass_apply_and_serve(fresh):
    addons = sorted(path.parent.name for path in ROOT.glob("addons/*/pyproject.toml"))
    ini = fresh.ini(*addons)
    where = fresh.run(fresh.python, "-c", "import talatat; print(talatat.__file__)")
    assert str(ROOT) not in where
    assert "steps applied; release 1." in fresh.talatat("apply", ini, "--yes")
    assert "Nothing to do" in fresh.talatat("apply", ini, "--yes")
    with fresh.pserve(ini) as (url, _):
        ready = json_of(f"{url}/readyz")
        assert ready["status"] == "ok"
        assert ready["missing"] == []
        status, body = get(f"{url}/api")
        assert status == 200
        assert "catalog" in body
        status, page = get(f"{url}/")
        assert status == 200
        assert all(addon in page for addon in addons)
        assert get(f"{url}/static/talatat/home.css")[0] == 200
        assert get(f"{url}/docs")[0] == 200


def test_an_addon_from_elsewhere_is_built_installed_and_composed(fresh):
    made = fresh.talatat("new", "addon", "shelf", "--into", fresh.folder, "--no-install")
    assert "is made" in made
    assert "make setup" in made  # there is no pytest in an environment that only serves
    source = fresh.folder / "shelf"
    fresh.run(
        UV, "build", "--quiet", "--offline", "--wheel", "--no-build-isolation", "--python",
        fresh.python, "--out-dir", fresh.folder / "dist", source,
    )  # fmt: skip
    (wheel,) = (fresh.folder / "dist").glob("talatat_shelf-*.whl")
    fresh.run(
        UV, "pip", "install", "--quiet", "--no-deps", "--no-index", "--python", fresh.python, wheel
    )
    ini = fresh.ini("shelf", name="outside.ini")
    fresh.talatat("apply", ini, "--yes")
    with fresh.pserve(ini) as (url, _):
        assert json_of(f"{url}/api/shelf/v1/items")["items"] == []
