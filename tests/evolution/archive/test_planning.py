"""Composing an addon again plans the way back of its archive in the database, and apply goes it."""

from __future__ import annotations

from sqlite3 import DatabaseError as SQLiteError

import psycopg
import pytest

from talatat.evolution.apply.applying import apply_plan
from talatat.evolution.archive import archive, purge, restore_file
from talatat.evolution.graph import EvolutionError
from talatat.evolution.opening import open_database
from talatat.evolution.plan.making import make_plan

DatabaseError = (SQLiteError, psycopg.Error)
LATER = 'op.execute("ALTER TABLE trove_note ADD COLUMN later TEXT")'


def test_an_archive_comes_back_by_plan_and_apply_with_later_revisions_after_it(filled):
    filled.bring()
    before = filled.run("SELECT * FROM trove_coin ORDER BY 1, 3")
    archive(filled.opened(), "trove", "shelf")
    filled.addons.revision("trove", "0002_later", LATER, down="0001_trove")
    ini = filled.opened("trove").ini.path
    kinds = [(step.kind, step.addon) for step in apply_plan(ini).steps]
    assert kinds == [("restore", "shelf"), ("restore", "trove"), ("upgrade", "trove")]
    assert filled.run("SELECT * FROM trove_coin ORDER BY 1, 3") == before
    assert filled.run("SELECT later FROM trove_note LIMIT 1") == [(None,)]
    assert make_plan(ini).empty


def test_what_is_required_and_was_purged_is_made_before_an_archive_comes_back(filled):
    filled.bring()
    chests = filled.run("SELECT * FROM trove_chest ORDER BY id")
    gone = archive(filled.opened(), "trove", "shelf")[-1].manifest.id
    purge(filled.opened(), "shelf", gone)
    ini = filled.opened("trove").ini.path
    done = apply_plan(ini).steps
    assert [(step.kind, step.addon) for step in done] == [
        ("upgrade", "shelf"),
        ("upgrade", "shelf"),
        ("restore", "trove"),
    ]
    assert filled.run("SELECT * FROM trove_chest ORDER BY id") == chests
    assert filled.run("SELECT count(*) FROM trove_coin WHERE book_id IS NOT NULL") == [(0,)]
    assert filled.run("SELECT count(*) FROM trove_book") == [(0,)]
    filled.run("INSERT INTO shelf_place VALUES ('p9', 'new')")
    filled.run("INSERT INTO trove_book (book_id, gold) VALUES ('p9', 1)")
    with pytest.raises(DatabaseError, match=r"(?i)foreign key"):
        filled.run("INSERT INTO trove_book (book_id, gold) VALUES ('p1', 1)")
    assert make_plan(ini).empty


def test_what_an_archive_refers_to_and_no_revision_makes_is_told(filled):
    filled.bring()
    archive(filled.opened(), "trove")
    filled.run("DROP VIEW IF EXISTS trove_places", "DROP TABLE shelf_place")
    filled.addons.revision("trove", "0002_later", LATER, down="0001_trove")
    if filled.dialect == "sqlite":
        pytest.skip("SQLite makes tables that refer to nothing; move_back refuses them")
    with pytest.raises(
        EvolutionError, match=r"of addon trove cannot be brought back: .*shelf_place"
    ):
        make_plan(filled.opened("trove").ini.path)


def test_a_plan_is_empty_after_each_of_the_commands(filled, tmp_path):
    ini = filled.opened("shelf").ini.path
    apply_plan(ini)
    (made,) = archive(open_database(ini), "trove", file=tmp_path / "trove.zip")
    assert make_plan(ini).empty
    purge(open_database(ini), "trove", made.manifest.id)
    assert make_plan(ini).empty
    ini = filled.opened("trove").ini.path
    restore_file(open_database(ini), tmp_path / "trove.zip")
    done = apply_plan(ini)
    assert done.steps == ()
    assert make_plan(ini).empty
    assert filled.run("SELECT count(*) FROM trove_coin") == [(4,)]
