"""An addon's data away and back: byte for byte, and without acting on anybody meanwhile."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import event

from talatat.evolution.archive import archive, move_back, turns
from talatat.evolution.archive.naming import owned
from talatat.evolution.graph import EvolutionError
from talatat.evolution.processes import Process, say
from talatat.evolution.running.transactions import Timeouts

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def back(opened, archive_id):
    with opened.changing() as connection, connection.begin():
        return move_back(connection, archive_id)


def test_what_comes_back_is_what_went_byte_for_byte(filled):
    before = filled.dump()
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    assert not {one for one in filled.tables() if one.startswith("trove")}
    assert made.manifest.heads == ("0001_trove",)
    report = back(opened, made.manifest.id)
    assert report.orphans == ()
    assert filled.dump() == before
    assert filled.bring("trove").dialect == filled.dialect  # and nothing is pending
    assert filled.run("SELECT count(*) FROM trove_coin") == [(4,)]


def test_an_index_that_came_back_goes_on_being_kept(filled):
    """The full-text table's cache, the sequences and the triggers know what was there before."""
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    with opened.changing() as connection, connection.begin():
        move_back(connection, made.manifest.id)
        connection.exec_driver_sql(
            "INSERT INTO trove_chest (id, name, weight) VALUES (70, 'oak too', 11)"
        )
        connection.exec_driver_sql("INSERT INTO trove_log (text) VALUES ('next')")
    assert filled.run("SELECT max(n) FROM trove_log") == [(4,)]
    assert sorted(filled.run("SELECT name FROM trove_heavy")) == [("oak",), ("oak too",)]
    if filled.dialect == "sqlite":
        found = "SELECT rowid FROM trove_search WHERE trove_search MATCH 'oak' ORDER BY rowid"
        assert filled.run(found) == [(1,), (70,)]
        filled.run("INSERT INTO trove_search (trove_search, rank) VALUES ('integrity-check', 1)")


def test_nothing_of_an_archived_addon_acts_on_others(filled):
    archive(filled.opened("shelf"), "trove")
    filled.run(
        "INSERT INTO shelf_place VALUES ('p4', 'loft')",
        "UPDATE shelf_place SET label = 'x' WHERE id = 'p1'",
        "UPDATE shelf_place SET id = 'p9' WHERE id = 'p2'",
        "DELETE FROM shelf_place WHERE id = 'p1'",
        "ALTER TABLE shelf_place RENAME TO shelf_room",
        "ALTER TABLE shelf_room RENAME COLUMN label TO said",
        "ALTER TABLE shelf_room DROP COLUMN said",
    )
    assert sorted(filled.run("SELECT id FROM shelf_room")) == [("p3",), ("p4",), ("p9",)]


def test_rows_that_lost_their_parents_are_kept_apart_and_reported(filled, caplog):
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    filled.run("DELETE FROM shelf_place WHERE id = 'p1'")
    report = back(opened, made.manifest.id)
    told = {(one.table, one.action, one.rows) for one in report.orphans}
    # The book goes as it would have gone; what refers to the book goes with it; the coin stays without.
    assert told == {
        ("trove_book", "removed", 1),
        ("trove_note", "removed", 1),
        ("trove_coin", "set null", 1),
    }
    assert filled.run("SELECT book_id, gold FROM trove_book") == [("p2", -5)]
    assert filled.run("SELECT book_id FROM trove_coin WHERE number = 1 AND chest_id = 1") == [
        (None,)
    ]
    places = {one.table: one.kept for one in report.orphans}
    assert filled.run(f"SELECT book_id, gold FROM {places['trove_book']}") == [
        ("p1", 9223372036854775807)
    ]
    assert filled.run(f"SELECT said, about, talatat_why FROM {places['trove_note']}") == [
        ("of hall", "p1", "no parent in trove_book")
    ]
    assert f"archive {made.manifest.id} of trove: trove_book: 1 row without a parent" in caplog.text
    if filled.dialect == "postgresql":
        filled.run(
            "ALTER TABLE trove_book DROP COLUMN metal",
            "ALTER TABLE trove_log DROP COLUMN metal",
            "DROP TYPE trove_metal",
        )
        assert filled.run(f"SELECT metal FROM {places['trove_book']}") == [("silver",)]
    listed = "SELECT table_name, rows, state FROM talatat_kept ORDER BY table_name"
    assert filled.run(listed) == [
        ("trove_book", 1, "orphan"),
        ("trove_coin", 1, "orphan"),
        ("trove_note", 1, "orphan"),
    ]


def test_an_enabled_addon_is_refused_with_the_line_to_change(filled):
    opened = filled.bring("trove")
    with pytest.raises(
        EvolutionError, match=r"Take the line 'trove' out of talatat.addons \(.*test.ini:4"
    ):
        archive(opened, "trove")
    with pytest.raises(EvolutionError, match=r"Take what requires it \(trove\) out"):
        archive(opened, "shelf")
    opened = filled.opened("shelf")
    with pytest.raises(EvolutionError, match=r"is not listed in .* any more, run `talatat apply"):
        archive(opened, "trove")
    with pytest.raises(EvolutionError, match="is the platform itself"):
        archive(opened, "talatat")


def test_an_addon_that_a_process_still_serves_is_refused(filled):
    opened = filled.opened("shelf")
    release = filled.run("SELECT min(number) FROM talatat_release")[0][0]
    with opened.changing() as connection, connection.begin():
        say(connection, Process(started_at=datetime.now(UTC)), release)
    with pytest.raises(EvolutionError, match="still serves release 1, in which addon trove"):
        archive(opened, "trove")


def test_an_addon_that_has_nothing_is_refused_with_the_nearest_name(filled):
    opened = filled.opened("shelf")
    with pytest.raises(EvolutionError, match=r"'trov' has no tables .* Did you mean 'trove'"):
        archive(opened, "trov")
    (made,) = archive(opened, "trove")
    with pytest.raises(EvolutionError, match=f"archived already: {made.manifest.id}"):
        archive(opened, "trove")


def test_a_database_without_the_platforms_tables_is_refused(site):
    opened = site.opened("shelf")
    if site.dialect == "postgresql":
        site.run("SELECT 1")
    with pytest.raises(EvolutionError, match="never brought to a composition"):
        archive(opened, "trove")


def test_what_others_refer_to_is_archived_only_together_with_them(filled):
    filled.bring()  # neither is enabled
    before = filled.dump()
    opened = filled.opened()
    with pytest.raises(EvolutionError) as refusal:
        archive(opened, "shelf")
    assert "trove: trove_book (book_id) refers to shelf_place" in str(refusal.value)
    assert f"talatat archive {opened.ini.uri} trove shelf" in str(refusal.value)
    assert filled.dump() == before
    shelf, trove = archive(opened, "shelf", "trove")
    assert not {one for one in filled.tables() if not one.startswith(("talatat", "sqlite"))}
    with pytest.raises(EvolutionError, match="refers to shelf_place of addon shelf"):
        back(opened, trove.manifest.id)
    back(opened, shelf.manifest.id)
    back(opened, trove.manifest.id)
    assert filled.dump() == before


def test_views_triggers_and_columns_of_others_count_as_dependents(filled):
    if filled.dialect == "sqlite":
        filled.run(
            "CREATE VIEW shelf_seen AS SELECT * FROM trove_note",
            "CREATE TRIGGER shelf_place_gone AFTER DELETE ON shelf_place BEGIN DELETE FROM trove_key; END",
        )
        match = "shelf: trigger shelf_place_gone names it; shelf: view shelf_seen names it"
    else:
        filled.run(
            "CREATE VIEW shelf_seen AS SELECT * FROM trove_note",
            "ALTER TABLE shelf_place ADD COLUMN metal trove_metal",
        )
        match = "shelf: shelf_place.metal is trove_metal; shelf: view shelf_seen names it"
    with pytest.raises(EvolutionError, match=match):
        archive(filled.opened("shelf"), "trove")


def test_no_package_is_needed_not_even_a_composition_that_resolves(filled):
    before = filled.dump()
    for addon in ("shelf", "trove"):
        shutil.rmtree(filled.addons.folder / filled.addons.package(addon))
    opened = filled.opened("shelf", "there_is_no_such_addon")
    (made,) = archive(opened, "trove")
    back(opened, made.manifest.id)
    assert filled.dump() == before


def test_an_archive_tells_what_it_is_of(filled):
    (made,) = archive(filled.opened("shelf"), "trove")
    said = made.manifest
    assert (said.addon, said.version, said.requires) == ("trove", "1.0", ("shelf",))
    assert [one["revision"] for one in said.ledger] == ["0001_trove"]
    assert {one.name: one.rows for one in said.tables}["trove_coin"] == 4
    ((kind, note),) = filled.run(
        "SELECT kind, note FROM talatat_release ORDER BY number DESC LIMIT 1"
    )
    assert (kind, note) == ("archive", f"trove archived as {said.id}")
    ((state, where),) = filled.run("SELECT state, location FROM talatat_archive")
    assert (state, where) == ("kept", made.location)


def test_what_is_no_archive_or_has_no_place_is_not_moved_back(filled):
    opened = filled.opened("shelf")
    with pytest.raises(EvolutionError, match=r"'20260101_abcdef' is not there .* Kept are: none"):
        back(opened, "20260101_abcdef")
    (made,) = archive(opened, "trove")
    filled.run("CREATE TABLE trove_note (x INTEGER)")
    with pytest.raises(
        EvolutionError, match="these tables of addon trove are in the database already: trove_note"
    ):
        back(opened, made.manifest.id)
    filled.run("DROP TABLE trove_note")
    back(opened, made.manifest.id)
    with pytest.raises(EvolutionError, match="was restored and is no more"):
        back(opened, made.manifest.id)


def test_the_longest_addons_name_owns_a_table():
    names = ["shop_item", "shop_extra_item", "shopping", "talatat_lease", "shop_extra", "shop"]
    assert owned("shop", names, ["shop", "shop_extra"]) == ["shop_item", "shop_extra"]
    assert owned("shop_extra", names, ["shop"]) == ["shop_extra_item"]
    assert owned("talatat", names, ["shop"]) == []


@ON_POSTGRESQL
def test_whoever_holds_a_lock_is_waited_for_and_named(filled, monkeypatch):
    opened = filled.opened("shelf")
    before = filled.dump()
    monkeypatch.setattr(turns, "TIMEOUTS", Timeouts(lock=0.1, statement=0, tries=3))
    with psycopg.connect(filled.plain) as other:
        other.execute("UPDATE shelf_place SET label = 'roof' WHERE id = 'p1'")
        with pytest.raises(EvolutionError, match=r"a lock was not had in 3 tries .*shelf_place"):
            archive(opened, "trove")
        other.rollback()
        assert filled.dump() == before
        other.execute("UPDATE shelf_place SET label = 'roof' WHERE id = 'p1'")
        monkeypatch.setattr(turns, "TIMEOUTS", Timeouts(lock=0.1, statement=0, tries=20))
        letting_go = threading.Timer(0.5, other.commit)
        letting_go.start()
        archive(opened, "trove")
        letting_go.join()
    assert not {one for one in filled.tables() if one.startswith("trove")}


def test_a_plan_that_is_half_done_comes_first(filled):
    opened = filled.opened("shelf")
    filled.run(
        "INSERT INTO talatat_plan (digest, kind, document, state, who, started_at)"
        " VALUES ('d', 'apply', '{}', 'running', 'ann', '2026-01-01 00:00:00')"
    )
    with pytest.raises(EvolutionError, match="a plan was begun on this database and is not done"):
        archive(opened, "trove")


def test_what_the_database_refuses_is_told_in_words(filled, monkeypatch):
    opened = filled.opened("shelf")
    if filled.dialect == "postgresql":
        role = f"r{filled.plain.rpartition('_')[2]}"
        filled.run(f"CREATE ROLE {role} LOGIN")
        filled.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        opened = filled.opened("shelf", user=role)
        match = r"permission denied .*GRANT CREATE ON DATABASE"
    else:
        pages = filled.run("PRAGMA page_count")[0][0]
        event.listen(
            opened.database.migration_engine, "connect",
            lambda connection, record: connection.execute(f"PRAGMA max_page_count = {pages}"),
        )  # fmt: skip
        match = "database or disk is full"
    before = filled.dump()
    with pytest.raises(EvolutionError, match=rf"{match}(.|\n)*Nothing was changed"):
        archive(opened, "trove")
    assert filled.dump() == before


@ON_POSTGRESQL
def test_a_server_that_ends_the_session_in_the_middle_loses_nothing(filled):
    before = filled.dump()
    opened = filled.opened("shelf")

    def ended(what, done, total):
        filled.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'talatat'"
        )

    with pytest.raises(EvolutionError, match=r"terminating connection|cannot be reached"):
        archive(opened, "trove", watch=ended)
    assert filled.dump() == before
    archive(opened, "trove")
