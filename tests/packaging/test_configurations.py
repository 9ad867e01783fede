"""The configurations that are shipped: each composes as it stands, and says what it needs."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from talatat.composing import compose, load_composition
from talatat.errors import CompositionError

ROOT = Path(__file__).resolve().parents[2]
INIS = [ROOT / "development.ini", *sorted((ROOT / "config").glob("*.ini"))]
NEEDED = {
    "DATABASE_URL": "postgresql+psycopg://talatat:hidden@db.example/talatat",
    "TALATAT_SECRET": "one of tests",
    "ACCOUNTS_SECRET": "another of tests",
}


@pytest.fixture
def copied(tmp_path):
    """The configurations in a folder of their own: composing one makes its secrets there."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(ROOT / "development.ini", tmp_path)
    return tmp_path


@pytest.mark.parametrize("ini", INIS, ids=lambda path: path.name)
def test_it_composes(copied, ini, monkeypatch):
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    path = copied / ini.relative_to(ROOT)
    system = compose(load_composition(str(path))).registry.system
    production = {"audit"} if ini.name == "production.ini" else set()
    names = {"accounts", "catalog", "orders", "loyalty"} | production
    assert set(system.composition.names) == names
    assert system.settings.platform.development is (ini.name != "production.ini")
    assert "hidden" not in str(system.settings.shown())
    system.database.dispose()


@pytest.mark.parametrize("name", NEEDED)
def test_production_says_which_variable_of_the_environment_is_missing(copied, name, monkeypatch):
    for needed, value in NEEDED.items():
        monkeypatch.setenv(needed, value)
    monkeypatch.delenv(name)
    with pytest.raises(CompositionError) as refused:
        compose(load_composition(str(copied / "config" / "production.ini")))
    assert name in str(refused.value)


def test_production_needs_no_variable_that_its_head_does_not_name():
    text = (ROOT / "config" / "production.ini").read_text()
    head = text.partition("[app:main]")[0]
    said = re.sub("(?m)^#.*", "", text)  # what a comment offers is no need
    assert set(re.findall(r"\$\{(\w+)\}", said)) == set(NEEDED)
    assert all(name in head for name in NEEDED)


def test_development_includes_no_other_file_and_lists_one_addon_a_line():
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "development.ini")
    application = parser["app:main"]
    assert application["use"] == "egg:talatat"
    assert application["talatat.development"] == "true"
    listed = application["talatat.addons"].strip().splitlines()
    assert listed == ["accounts", "catalog", "orders", "loyalty"]
    assert parser["server:main"]["listen"] == "localhost:6543"


def test_every_file_of_the_folder_is_told_in_its_readme():
    told = (ROOT / "config" / "README.md").read_text()
    listed = subprocess.run(
        ["git", "ls-files", "config"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in listed if Path(name).name not in told and "README" not in name] == []
