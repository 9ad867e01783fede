"""Archive files: whole or not there, exact, and refused in words where they do not fit."""

from __future__ import annotations

import json
import stat
import zipfile

import pytest

from talatat.evolution.archive import archive, purge, restore_file
from talatat.evolution.archive.manifest import from_json
from talatat.evolution.archive.zipped import ArchiveFile, seal, verify
from talatat.evolution.graph import EvolutionError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "trove.zip"


@pytest.fixture
def gone(filled, file):
    """Archived into a file, and purged from the database."""
    before = filled.dump()
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove", file=file)
    purge(opened, "trove", made.manifest.id)
    filled.before = before
    return filled


def pending(site, *names):
    from talatat.composing import load_composition
    from talatat.evolution.migrate import pending
    from talatat.testing.databases import make_database

    composition = load_composition(site.opened(*names).ini.path)
    return [str(one) for one in pending(composition, make_database(site.url))]


def test_a_file_brings_everything_back_and_nothing_is_pending_then(gone, file):
    report = restore_file(gone.opened("trove"), file)
    assert (report.addon, report.heads, report.orphans) == ("trove", ("0001_trove",), ())
    assert gone.dump() == gone.before
    assert pending(gone, "trove") == []
    assert [one.name for one in file.parent.glob("*.orphans*")] == []
    ((kind, note),) = gone.run(
        "SELECT kind, note FROM talatat_release ORDER BY number DESC LIMIT 1"
    )
    assert (kind, note) == ("restore", f"trove restored from archive {report.archive} (trove.zip)")
    last = "SELECT direction, plan FROM talatat_ledger WHERE addon = 'trove' ORDER BY position DESC LIMIT 1"
    assert gone.run(last) == [("up", f"restore {report.archive}")]


def test_a_file_is_for_its_owner_alone(gone, file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_was_not_restored_leaves_a_fresh_install_possible(gone):
    assert pending(gone, "trove") == ["trove 0001_trove"]
    gone.bring("trove")
    assert gone.run("SELECT count(*) FROM trove_coin") == [(0,)]
    ledger = "SELECT direction FROM talatat_ledger WHERE addon = 'trove' ORDER BY position"
    assert gone.run(ledger) == [("up",), ("down",), ("up",)]


def test_a_kept_archive_is_written_to_a_file_later_on(filled, file, tmp_path):
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    (written,) = archive(opened, "trove", file=file)
    assert (written.manifest.id, written.release) == (made.manifest.id, None)
    assert written.manifest.tables == made.manifest.tables
    with pytest.raises(EvolutionError, match=r"trove.zip: this file exists already"):
        archive(opened, "trove", file=file)
    with pytest.raises(EvolutionError, match="there is no folder"):
        archive(opened, "trove", file=tmp_path / "no" / "trove.zip")
    with pytest.raises(EvolutionError, match="--file takes one addon"):
        archive(opened, "trove", "shelf", file=tmp_path / "both.zip")
    with pytest.raises(
        EvolutionError, match=rf"has an archive in the database: {made.manifest.id}"
    ):
        restore_file(filled.opened("trove"), file)


def test_rows_without_parents_go_to_a_file_beside(gone, file):
    gone.run("DELETE FROM shelf_place WHERE id = 'p1'")
    report = restore_file(gone.opened("trove"), file)
    beside = file.with_name("trove.zip.orphans.jsonl")
    lines = [json.loads(line) for line in beside.read_text().splitlines()]
    found = {(one["table"], one["action"]): one["row"] for one in lines}
    assert found[("trove_book", "removed")]["gold"] == 9223372036854775807
    assert found[("trove_note", "removed")]["said"] == "of hall"
    assert found[("trove_coin", "set null")]["book_id"] == "p1"
    assert {one.kept for one in report.orphans} == {str(beside)}
    assert gone.run("SELECT count(*) FROM trove_book") == [(1,)]


def test_a_place_for_orphans_that_is_taken_is_told_before_anything_is_done(gone, file, tmp_path):
    before = gone.dump()
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(EvolutionError, match="this file exists already"):
        restore_file(gone.opened("trove"), file, taken)
    assert gone.dump() == before


def test_the_addon_has_to_be_composed_and_to_know_the_revision(gone, file):
    with pytest.raises(
        EvolutionError, match=r"the archive is of addon trove, which is not listed. Add trove there"
    ):
        restore_file(gone.opened("shelf"), file)
    folder = gone.addons.folder / gone.addons.package("trove") / "migrations/versions"
    text = (folder / "0001_trove.py").read_text()
    (folder / "0001_trove.py").unlink()
    (folder / "0001_other.py").write_text(text.replace('"0001_trove"', '"0001_other"'))
    with pytest.raises(
        EvolutionError,
        match=r"is of trove 1.0 at revision 0001_trove, which the installed .* Install .*==1.0",
    ):
        restore_file(gone.opened("trove"), file)


def test_tables_that_are_there_are_never_written_into(gone, file):
    gone.bring("trove")
    before = gone.dump()
    with pytest.raises(
        EvolutionError, match=r"are in the database already: .*trove_book, trove_chest"
    ):
        restore_file(gone.opened("trove"), file)
    assert gone.dump() == before


def test_parents_that_are_not_there_at_all_are_named(gone, file):
    opened = gone.opened("trove")
    gone.bring()
    archive(opened, "shelf")
    with pytest.raises(EvolutionError, match="refers to shelf_place of addon shelf, which is not"):
        restore_file(opened, file)


def test_a_file_that_is_cut_off_anywhere_is_refused(gone, file):
    before, whole = gone.dump(), file.read_bytes()
    opened = gone.opened("trove")
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(EvolutionError, match="damaged or cut off"):
            restore_file(opened, file)
    assert gone.dump() == before


def test_a_changed_byte_is_found_wherever_it_is(gone, file):
    whole = file.read_bytes()
    for place in [*range(0, len(whole), 97), *range(len(whole) - 90, len(whole), 7)]:
        changed = bytearray(whole)
        changed[place] ^= 0x10
        file.write_bytes(bytes(changed))
        with pytest.raises(EvolutionError, match="damaged or cut off"):
            verify(ArchiveFile(file))
    file.write_bytes(whole)
    verify(ArchiveFile(file))


def rewritten(file, change):
    """The file anew, with its members changed: as somebody would who edits one by hand."""
    with zipfile.ZipFile(file) as content:
        members = {name: content.read(name) for name in content.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w") as content:
        for name, data in members.items():
            content.writestr(name, data)
    seal(file)


def test_a_row_that_somebody_changed_or_took_out_is_found(gone, file):
    def cut(members):
        members["rows/trove_note.jsonl"] = members["rows/trove_note.jsonl"].split(b"\n", 1)[1]

    rewritten(file, cut)
    with pytest.raises(EvolutionError, match=r"table trove_note has 3 rows .* says 4"):
        restore_file(gone.opened("trove"), file)


def test_another_major_format_is_refused_and_a_minor_one_read(gone, file):
    def of(major, minor):
        def change(members):
            document = json.loads(members["manifest.json"])
            document["format"] = [major, minor]
            members["manifest.json"] = json.dumps({**document, "later": True}).encode()

        return change

    rewritten(file, of(2, 0))
    with pytest.raises(
        EvolutionError, match=r"of format 2.0; the installed talatat reads format 1"
    ):
        restore_file(gone.opened("trove"), file)
    rewritten(file, of(1, 7))
    assert restore_file(gone.opened("trove"), file).addon == "trove"


def test_what_is_no_archive_is_told_from_a_damaged_one(tmp_path, gone):
    opened = gone.opened("trove")
    with pytest.raises(EvolutionError, match="cannot be read"):
        restore_file(opened, tmp_path / "nothing.zip")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as content:
        content.writestr("manifest.json", "{}")
    with pytest.raises(EvolutionError, match="its bytes are not those that were written"):
        restore_file(opened, other)
    seal(other)
    with pytest.raises(EvolutionError, match="this is no archive of an addon"):
        restore_file(opened, other)
    with pytest.raises(EvolutionError, match="the manifest cannot be read"):
        from_json({"format": [1, 0], "tables": 3}, "here")


def test_a_full_disk_leaves_neither_a_file_nor_an_archive(filled, file):
    before = filled.dump()
    opened = filled.opened("shelf")
    watched = []

    def full(what, done, total):
        watched.append((what, done, total))
        raise OSError(28, "No space left on device")

    with pytest.raises(EvolutionError, match=r"cannot be written \(No space left on device\)"):
        archive(opened, "trove", file=file, watch=full)
    assert watched
    assert list(file.parent.glob("*trove.zip*")) == []
    assert filled.dump() == before
