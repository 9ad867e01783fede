"""Reading the revisions of a composition from disk, without importing an addon."""

import sys

import pytest

from talatat.evolution.graph import EvolutionError, read_graph, versions_folder

URL = "sqlite:////nowhere.sqlite"


def refused(addons, *names):
    with pytest.raises(EvolutionError) as caught:
        read_graph(addons.composition(*names, url=URL))
    return str(caught.value)


def test_revisions_are_read_of_an_addon_that_cannot_even_be_imported(shelf):
    shelf.write("broken", {"__init__.py": "raise RuntimeError('no')"}, requires=("shelf",))
    shelf.revision("broken", "0001_x", "pass", requires={"shelf": "0001_books"}, phase="data")
    graph = read_graph(shelf.composition("broken", url=URL))
    one = graph.revisions["broken", "0001_x"]
    assert (one.phase, dict(one.requires), one.down) == ("data", {"shelf": "0001_books"}, ())
    assert graph.order == {"talatat": 0, "shelf": 1, "broken": 2}
    assert f"{shelf.prefix}_broken" not in sys.modules
    assert f"{shelf.prefix}_shelf" not in sys.modules


def test_an_addon_without_migrations_has_none(addons):
    addons.write("bare", {})
    graph = read_graph(addons.composition("bare", url=URL))
    assert graph.of("bare") == []
    assert sorted(one.revision for one in graph.of("talatat")) == [
        "0001_platform",
        "0002_evolution",
        "0003_api",
        "0004_costs",
    ]


@pytest.mark.parametrize("package", ["no_such_package", "json.decoder", "sys"])
def test_what_is_no_package_has_no_revisions(package):
    assert versions_folder(package) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("def oops(:\n", "SyntaxError"),
        ("revision = '0002'\nnothing_of_that_name\n", "0002_broken.py:2): NameError"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(shelf, content, said):
    shelf.revision("shelf", "0002_broken", "pass", down="0001_books").write_text(content)
    text = refused(shelf, "shelf")
    assert "addon shelf" in text
    assert "0002_broken.py" in text
    assert said in text


def test_two_files_of_one_revision_are_refused(shelf):
    path = shelf.revision("shelf", "0002_twin", "pass", down="0001_books")
    path.with_name("0002_copy.py").write_text(path.read_text())
    assert "0002_twin is present more than once" in refused(shelf, "shelf")


def test_a_revision_after_one_that_is_not_there_is_refused(shelf):
    shelf.revision("shelf", "0003_late", "pass", down="0002_lost")
    assert "0002_lost" in refused(shelf, "shelf")


def test_every_mistake_is_told_at_once_with_its_file(shelf):
    shelf.write("notes", {}, requires=("shelf",))
    shelf.write("other", {})
    shelf.revision("notes", "0001_" + "x" * 40, "pass")
    shelf.revision("notes", "0002_phase", "pass", down="0001_" + "x" * 40, phase="later")
    shelf.revision("notes", "0003_lost", "pass", down="0002_phase", requires={"shelf": "0009_none"})
    shelf.revision("notes", "0004_alien", "pass", down="0003_lost", requires={"other": "0001"})
    said = refused(shelf, "notes", "other").splitlines()
    assert len(said) == 4
    assert any("longer than 32 characters" in one for one in said)
    assert any(
        "0002_phase.py: phase = 'later' is none of expand, data, contract" in one for one in said
    )
    assert any("'0009_none' of shelf" in one and "it has 0001_books" in one for one in said)
    assert any("'other', which addon notes does not require" in one for one in said)
