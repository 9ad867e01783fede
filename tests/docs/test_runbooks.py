"""docs/runbooks/: every command of every page, on the system that the first page makes."""

import ast
import re
import shutil

import pytest

from .walkthrough import ROOT, Place, make_checkout

FOLDER = ROOT / "docs" / "runbooks"
FIRST = FOLDER / "README.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {FIRST})
SECRETS = ("TALATAT_SECRET", "ACCOUNTS_SECRET")
# A folder of wheels stands for the index that a reader's pip asks.
PIP = """pip() {
    if [ "$1" = install ]; then set -- "$@" --no-deps --no-index --find-links wheels; fi
    uv pip "$@" --quiet
}"""
BEGIN = ("site.ini", "site.lock", "shop.sqlite")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The place of all pages, as the first one leaves it, and a copy of what pages change."""
    folder = tmp_path_factory.mktemp("shop")
    make_checkout(folder)
    copy = tmp_path_factory.mktemp("begin")
    with Place(folder) as place:
        place.run(PIP)
        place.follow(FIRST.read_text())
        said = place.exported()
    place.variables = {name: said[name] for name in SECRETS}
    for name in BEGIN:
        shutil.copy(folder / name, copy)
    return place, copy, {path.name for path in folder.iterdir()} - set(BEGIN)


@pytest.fixture
def place(first):
    """The system at its first release again, on SQLite."""
    made, copy, stay = first
    for path in made.folder.iterdir():
        if path.name not in stay:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(copy, made.folder, dirs_exist_ok=True)
    url = f"sqlite:///{made.folder}/shop.sqlite"
    variables = {**made.variables, "DATABASE_URL": url}
    with Place(made.folder, variables, made.port) as again:
        again.run(PIP)
        said, code = again.run("pip install --reinstall 'talatat-shelf==1.0.0'")
        assert code == 0, said
        yield again


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_runbook_does_what_is_shown(page, place):
    place.follow(page.read_text())


def test_the_upgrade_without_stopping_does_the_same_on_postgresql(place, postgresql_url):
    (place.folder / "site.lock").unlink()
    place.run(f"export DATABASE_URL='{postgresql_url}'")
    said, code = place.run("talatat apply site.ini --yes")
    assert code == 0, said
    page = (FOLDER / "upgrade-without-stopping.md").read_text()
    place.follow(page.replace("sqlite:///shop.sqlite", "..."))


def test_every_message_of_the_table_is_one_that_the_platform_says():
    said = "\n".join(texts(ROOT / "platform" / "talatat"))
    page = (FOLDER / "when-apply-stops.md").read_text()
    messages = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(messages) > 10
    for message in messages:
        for part in filter(None, (one.strip() for one in message.split("..."))):
            assert part in said, message


def texts(folder):
    """The texts in a package's source, each with what is put into it left out."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
