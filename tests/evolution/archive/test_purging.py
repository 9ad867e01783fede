"""Purging asks for exactly the archive that is meant, and leaves a database that can start anew."""

from __future__ import annotations

import pytest

from talatat.evolution.archive import archive, move_back, purge
from talatat.evolution.graph import EvolutionError


def test_only_a_kept_archive_of_that_addon_is_purged_and_the_ids_are_told(filled):
    opened = filled.opened("shelf")
    with pytest.raises(EvolutionError, match=r"None is kept in .*: talatat archive .* trove"):
        purge(opened, "trove", None)
    (made,) = archive(opened, "trove")
    own = made.manifest.id
    with pytest.raises(
        EvolutionError, match=rf"say which archive of addon trove .*\n  {own}  made .* version 1.0"
    ):
        purge(opened, "trove", None)
    with pytest.raises(EvolutionError, match=rf"has no archive '20200101_000000'.*\n  {own}"):
        purge(opened, "trove", "20200101_000000")
    with pytest.raises(EvolutionError, match=f"addon shelf has no archive '{own}'"):
        purge(opened, "shelf", own)
    purge(opened, "trove", own)
    with pytest.raises(EvolutionError, match=f"archive {own} of addon trove was purged on"):
        purge(opened, "trove", own)


def test_an_addon_that_never_was_is_not_to_be_archived_first(filled):
    opened = filled.opened("shelf")
    with pytest.raises(
        EvolutionError, match=r"nothing of the name 'trov' is known in .*: trove\.$"
    ):
        purge(opened, "trov", "x")


def test_an_archive_that_was_moved_back_is_not_purged(filled):
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    with opened.changing() as connection, connection.begin():
        move_back(connection, made.manifest.id)
    before = filled.dump()
    with pytest.raises(EvolutionError, match="was restored on"):
        purge(opened, "trove", made.manifest.id)
    assert filled.dump() == before


def test_nothing_is_left_but_the_note_that_it_was_there(filled):
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    done = purge(opened, "trove", made.manifest.id)
    assert done.tables["trove_coin"] == 4
    if filled.dialect == "sqlite":
        left = "SELECT name FROM sqlite_master WHERE name LIKE '%trove%'"
    else:
        left = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'talatat_archive_%'"
    assert filled.run(left) == []
    assert filled.run("SELECT addon, state FROM talatat_archive") == [("trove", "purged")]
    last = "SELECT kind, note FROM talatat_release ORDER BY number DESC LIMIT 1"
    assert filled.run(last) == [("purge", f"trove purged: archive {made.manifest.id}")]


def test_an_addon_that_was_installed_anew_beside_its_archive_stays_installed(filled):
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    filled.bring("trove")  # not by a plan, which would have moved the archive back
    filled.bring("shelf")
    before = filled.dump()
    purge(opened, "trove", made.manifest.id)
    assert filled.dump() == before
    directions = "SELECT direction FROM talatat_ledger WHERE addon = 'trove' ORDER BY position"
    assert filled.run(directions)[-1] == ("up",)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_somebody_built_on_an_archive_is_named_and_stays(filled):
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    filled.run(
        f"CREATE VIEW shelf_treasures AS SELECT name FROM {made.location}.trove_chest",
        f"ALTER TABLE shelf_place ADD COLUMN metal {made.location}.trove_metal",
    )
    with pytest.raises(
        EvolutionError, match="cannot be dropped: column metal of shelf_place, view shelf_treasures"
    ):
        purge(opened, "trove", made.manifest.id)
    assert len(filled.run("SELECT name FROM shelf_treasures")) == 3
