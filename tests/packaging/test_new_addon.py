"""`talatat new addon shelf`: passes its own tests at once, and answers after one edit and one apply."""

import json

import pytest

from talatat.testing.conformance import RULES

from .conftest import UV, json_of


@pytest.fixture
def beside(beside):
    """Measured, since nothing else runs this command."""
    beside.measured = True
    return beside


def test_a_new_addon_passes_its_tests_and_serves(beside):
    told = beside.talatat("new", "addon", "shelf", "--json")
    assert json.loads(told)["installed"] is True
    assert f"{len(RULES) + 3} passed" in beside.run(beside.python, "-m", "pytest", "-q", "shelf")

    ini = beside.ini("catalog")
    ini.write_text(ini.read_text().replace("    catalog\n", "    catalog\n    shelf\n"))
    beside.talatat("apply", ini, "--yes")
    with beside.pserve(ini) as (url, _):
        assert json_of(f"{url}/api/shelf/v1/items")["items"] == []
        paths = json_of(f"{url}/api/openapi.json")["paths"]
        assert "/api/shelf/v1/items" in paths


def test_a_new_addon_is_as_the_linters_want_it(beside):
    beside.talatat("new", "addon", "book_shelf", "--no-install")
    ruff = [beside.python, "-m", "ruff"]
    options = ["--no-cache", "--line-length", "100"]
    beside.run(*ruff, "format", "--check", *options, "book_shelf")
    ours = 'lint.isort.known-first-party=["talatat", "talatat_book_shelf"]'
    chosen = ["--select", "E,F,I,UP,B", "--config", ours]
    beside.run(*ruff, "check", *options, *chosen, "book_shelf")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Shelf", "for example 'shelf'"),
        ("book-shelf", "for example 'book_shelf'"),
        ("1st", "for example 'st'"),
        ("import", "for example 'shelf'"),
        ("x" * 31, "at most 30 characters"),
        ("../shelf", "cannot name an addon"),
        ("catalog", "the name of an installed addon (talatat-catalog"),
        ("talatat", "taken"),
        ("pyramid", "taken"),
    ],
)
def test_a_name_that_an_addon_cannot_have_is_refused_with_a_way_out(beside, name, said):
    error = beside.talatat("new", "addon", name, code=1)
    assert said in " ".join(error.split())
    assert "Traceback" not in error
    assert list(beside.folder.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(beside):
    (beside.folder / "shelf").mkdir()
    error = beside.talatat("new", "addon", "shelf", code=1)
    assert "shelf exists already" in error
    assert list((beside.folder / "shelf").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(beside):
    (beside.folder / "file").write_text("")
    error = beside.talatat(
        "new", "addon", "shelf", "--into", beside.folder / "file" / "below", code=1
    )
    assert "cannot be made" in error


def test_it_stands_among_the_addons_where_there_is_a_folder_of_them(beside):
    (beside.folder / "addons").mkdir()
    beside.talatat("new", "addon", "shelf", "--no-install")
    assert (beside.folder / "addons" / "shelf" / "talatat_shelf" / "__init__.py").is_file()


def test_it_is_installed_by_uv_where_the_environment_has_it(beside):
    (beside.prefix / "bin" / "uv").symlink_to(UV)
    assert "installed, editable" in beside.talatat("new", "addon", "shelf")
    found = beside.run(beside.python, "-c", "import talatat_shelf; print(talatat_shelf.__file__)")
    assert str(beside.folder / "shelf") in found


def test_an_installation_that_fails_is_told_with_the_command_to_run_again(beside):
    uv = beside.prefix / "bin" / "uv"
    uv.write_text("#!/bin/sh\necho the disk is full >&2\nexit 2\n")
    uv.chmod(0o755)
    error = beside.talatat("new", "addon", "shelf", code=1)
    assert "the disk is full" in error
    assert f"{uv} pip install" in error
    assert (beside.folder / "shelf" / "README.md").is_file()


def test_a_package_of_that_name_that_is_no_addon_is_not_shadowed(beside):
    (beside.site_packages() / "talatat_ghost.py").write_text("")
    error = beside.talatat("new", "addon", "ghost", code=1)
    assert "A Python package talatat_ghost is installed" in error
