"""Composing an addon again plans the way back of its archive in the database, and apply goes it."""

from __future__ import annotations

from talatat.evolution.apply.applying import apply_plan
from talatat.evolution.archive import archive, purge, restore_file
from talatat.evolution.opening import open_database
from talatat.evolution.plan.making import make_plan

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
