"""`talatat load`: exit codes, what it prints, and errors that say what is wrong and what mends it."""

import json

import pytest

from talatat.cli.main import main
from talatat.testing import write_ini


@pytest.fixture
def talatat_load(crates, capsys):
    def run(path, *options, resource="crates.crates"):
        code = main(["load", crates.test.ini, resource, str(path), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_clean_load_is_0_and_json_is_one_object_with_an_exact_total(crates, talatat_load):
    source = crates.source({"name": "a", "amount": "9747747.934"}, {"name": "b"})
    code, out, _ = talatat_load(source, "--json")
    assert code == 0
    assert '"net_total": 9747747.934' in out
    assert json.loads(out) == {
        "read": 2, "loaded": 2, "merged": 0, "rejected": 0, "net_total": 9747747.934
    }  # fmt: skip


def test_rejected_records_are_2_and_people_are_told_where_to_look(crates, talatat_load, tmp_path):
    source = crates.source({"name": "a", "amount": "2.50"}, {"name": "rotten"})
    code, out, _ = talatat_load(source, "--report", str(tmp_path / "r"))
    assert code == 2
    assert out == (
        "2 read: 1 loaded, 0 merged, 1 rejected. Net total 2.50.\n"
        f"Why records were rejected stands in {tmp_path / 'r'}.\n"
    )


def test_an_unknown_resource_is_told_with_the_nearest_name(crates, talatat_load):
    code, _, err = talatat_load(crates.source({}), resource="crates.crate")
    assert code == 1
    assert "loads 'crates.crate'. Did you mean crates.crates?" in err
    assert crates.test.ini in err


def test_where_no_name_is_near_all_are_told(crates, talatat_load):
    code, _, err = talatat_load(crates.source({}), resource="zzz")
    assert code == 1
    assert "There are: crates.crates, crates.nothing, crates.object." in err


def test_a_missing_file_is_named(talatat_load, tmp_path):
    code, _, err = talatat_load(tmp_path / "absent.csv")
    assert code == 1
    assert "absent.csv cannot be read: No such file or directory" in err


def test_a_file_of_no_supported_format_is_refused(talatat_load, tmp_path):
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    code, _, err = talatat_load(tmp_path / "picture")
    assert code == 1
    assert "is not a supported format (it is binary)" in err


def test_an_interrupted_load_tells_how_to_go_on(crates, talatat_load, monkeypatch, tmp_path):
    def stop(*details):
        raise KeyboardInterrupt

    monkeypatch.setattr("talatat.cli.load._lines", lambda: stop)
    source = crates.source({"name": "a"}, {"name": "b"})
    options = ("--report", str(tmp_path / "r"))
    code, _, err = talatat_load(source, "--batch", "1", *options)
    assert code == 1
    assert f"go on with: talatat load {crates.test.ini} crates.crates {source} --resume" in err
    monkeypatch.undo()
    code, out, _ = talatat_load(source, *options, "--resume")
    assert (code, out) == (0, "2 read: 2 loaded, 0 merged, 0 rejected. Gone on after line 1.\n")


def test_a_line_tells_how_far_it_is_where_there_is_no_terminal(crates, talatat_load, monkeypatch):
    monkeypatch.setattr("talatat.cli.load.SECONDS_BETWEEN_LINES", 0)
    source = crates.source(*({"name": f"n{number}"} for number in range(4)))
    _, _, err = talatat_load(source, "--batch", "2")
    assert "line 2 (" in err
    assert "line 4 (100%): 4 read" in err


def test_a_bar_tells_how_far_it_is_on_a_terminal(crates, talatat_load, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    source = crates.source(*({"name": f"n{number}"} for number in range(4)))
    _, _, err = talatat_load(source, "--batch", "2")
    assert "crates.jsonl: 4 records" in err


def test_a_database_that_was_not_brought_to_the_composition_is_refused(
    addons, write_crates, database_url, tmp_path, capsys
):
    write_crates()
    ini = addons.ini("crates", url=database_url)
    source = tmp_path / "crates.jsonl"
    source.write_text('{"name": "a"}\n')
    assert main(["load", ini, "crates.crates", str(source)]) == 1
    said = capsys.readouterr().err
    assert "crates 0001_crates" in said
    assert f"talatat apply {ini}" in said


def test_a_database_that_cannot_be_reached_is_told(addons, write_crates, tmp_path, capsys):
    write_crates()
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    ini = write_ini(addons.folder, ["crates"], url)
    source = tmp_path / "crates.jsonl"
    source.write_text('{"name": "a"}\n')
    assert main(["load", ini, "crates.crates", str(source)]) == 1
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_lost_on_the_way_is_told_with_the_way_on(crates, talatat_load):
    """Each try loses its connection; what came before is kept."""
    source = crates.source({"name": "a"}, {"name": "cut"})
    code, _, err = talatat_load(source, "--batch", "1")
    assert code == 1
    assert "The database cannot be reached: terminating connection" in err
    assert "goes on with --resume" in err
    assert crates.names() == ["a"]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ('config.add_loader("Crates", print)', "cannot name a loader"),
        ('config.add_loader("odd.things", 5)', "pass a class or an object"),
    ],
)
def test_a_loader_that_cannot_be_one_stops_the_start(addons, tmp_path, capsys, call, why):
    addons.write("odd", {"__init__.py": f"def includeme(config):\n    {call}\n"})
    ini = addons.ini("odd", url=f"sqlite:///{tmp_path}/x.sqlite")
    assert main(["load", ini, "odd.things", "x"]) == 1
    assert why in capsys.readouterr().err


def test_two_addons_that_load_one_thing_conflict(addons, write_crates, tmp_path, capsys):
    write_crates()
    source = (
        "def includeme(config):\n"
        '    config.add_loader("crates.crates", "PKG_rival.Rival")\n'
        "class Rival:\n"
        "    load = None\n"
    )
    addons.write("rival", {"__init__.py": source})
    ini = addons.ini("crates", "rival", url=f"sqlite:///{tmp_path}/x.sqlite")
    assert main(["load", ini, "crates.crates", "x"]) == 1
    said = capsys.readouterr().err
    assert "crates" in said
    assert "rival" in said
