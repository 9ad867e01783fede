"""What all pages have in common: links that lead somewhere, excerpts that are the source's, files that exist."""

import re

import pytest

from .walkthrough import ROOT, blocks, steps

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|ini|toml|cfg|md)")
WIDEST = 130
DECISION = re.compile(r"\d{4}-[a-z0-9-]+\.md")
LONGEST_DECISION = 50
# Whose commands other tests here run, tests/packaging/test_readme.py and tests/clients/test_page.py.
FOLLOWED = {
    "README.md", "docs/addon-author.md", "docs/api-client.md", "docs/clients.md", "docs/operator.md",
}  # fmt: skip


def named(path):
    return str(path.relative_to(ROOT))


def test_commands_stand_on_no_page_but_on_those_that_are_followed():
    pages = {named(page) for page in PAGES if steps(page.read_text())}
    runbooks = {named(page) for page in PAGES if page.parent.name == "runbooks"}
    assert pages == FOLLOWED | runbooks


def without_code(text):
    for block in blocks(text):
        text = text.replace(block.text, "")
    return text


def anchors(text):
    """The anchors of a page's headings, as they are made where the repository is shown."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {one.strip().replace(" ", "-") for one in words}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(without_code(page.read_text())):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{named(page)} links to {target}"
        if anchor:
            assert anchor in anchors(file.read_text()), f"{named(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_excerpt_stands_in_the_source(page):
    for block in blocks(page.read_text()):
        file = ROOT / block.file
        if not block.file or not file.parent.is_dir():  # of an addon that only the page has
            continue
        for part in re.split(r"^[ ]*\.\.\.\n", block.text, flags=re.MULTILINE):
            assert part in file.read_text(), (
                f"{named(page)}:{block.line} shows what {block.file} does not say:\n{part}"
            )


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_lines_are_short_enough_to_read(page):
    lines = without_code(page.read_text()).splitlines()
    long = [line for line in lines if len(line) > WIDEST and not line.startswith("|")]
    assert long == []


def test_every_file_that_the_architecture_names_exists():
    text = without_code((ROOT / "docs" / "architecture.md").read_text())
    names = [name for name in CODE.findall(text) if FILE.fullmatch(name)]
    assert len(names) > 40
    below = [ROOT, ROOT / "platform" / "talatat"]
    missing = [
        name for name in names if not any((folder / name.strip("/")).exists() for folder in below)
    ]
    made = {"var/", "var/admin.json"}  # by a first start
    assert set(missing) <= made


def test_every_room_of_the_platform_is_on_the_map():
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [path for path in (ROOT / "platform" / "talatat").iterdir() if path.name[0] != "_"]
    names = [
        f"{path.name}/" if path.is_dir() else path.name
        for path in rooms
        if path.is_dir() or path.suffix == ".py"
    ]
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_decisions_are_numbered_and_under_a_page():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert all(DECISION.fullmatch(page.name) for page in pages)
    numbers = [page.name[:4] for page in pages]
    assert len(set(numbers)) == len(numbers)
    long = [page.name for page in pages if len(page.read_text().splitlines()) > LONGEST_DECISION]
    assert long == []
