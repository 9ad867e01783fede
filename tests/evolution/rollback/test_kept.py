"""What a step takes away is kept, and comes back exactly when that step is taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from talatat.evolution.tables import kept

GOODS = "CREATE TABLE shop_good (id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT)"
THREE = "INSERT INTO shop_good VALUES (1, 'lamp', 'L-1'), (2, 'rope', NULL), (3, 'urn', 'U 3%:x')"
DROP_CODE = "ALTER TABLE shop_good DROP COLUMN code"
ADD_CODE = "ALTER TABLE shop_good ADD COLUMN code TEXT"


@pytest.fixture
def goods(stairs):
    stairs.run(GOODS, THREE)
    return stairs


def test_a_dropped_column_comes_back_with_its_values(goods) -> None:
    goods.up("0002", DROP_CODE)
    assert goods.keeps == [("shop_good", "kept", 2)]
    goods.run("INSERT INTO shop_good VALUES (4, 'new')", "DELETE FROM shop_good WHERE id = 3")
    goods.down("0002", ADD_CODE)
    (returned,) = goods.back()
    assert (returned.written, returned.gone, returned.left) == (1, 1, {})
    assert goods.rows("SELECT id, code FROM shop_good ORDER BY id") == [
        (1, "L-1"),
        (2, None),
        (4, None),
    ]
    assert goods.keeps == []
    assert goods.rows("SELECT state FROM talatat_kept") == [("put_back",)]


def test_a_keep_waits_for_its_own_revision_and_for_no_other_column_of_that_name(goods) -> None:
    goods.up("0002", DROP_CODE)
    goods.up("0005", ADD_CODE)
    assert goods.back() == []
    assert goods.rows("SELECT DISTINCT code FROM shop_good") == [(None,)]
    assert goods.keeps == [("shop_good", "kept", 2)]


def test_what_users_wrote_into_a_new_column_outlives_going_back_and_forth(goods) -> None:
    goods.up("0002", "ALTER TABLE shop_good ADD COLUMN size INTEGER NOT NULL DEFAULT 7")
    goods.run("UPDATE shop_good SET size = 40 WHERE id = 2")
    goods.down("0002", "ALTER TABLE shop_good DROP COLUMN size")
    goods.up("0002", "ALTER TABLE shop_good ADD COLUMN size INTEGER NOT NULL DEFAULT 7")
    (returned,) = goods.back()
    assert (returned.written, returned.same) == (1, 3)
    assert goods.rows("SELECT id, size FROM shop_good ORDER BY id") == [(1, 7), (2, 40), (3, 7)]
    assert goods.keeps == []


def test_a_default_that_no_one_can_ask_for_again_counts_as_untouched(stairs) -> None:
    moment = "timestamp" if stairs.dialect == "postgresql" else "TEXT"
    table = (
        "CREATE TABLE shop_visit (id INTEGER PRIMARY KEY,"
        f" at {moment} NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    stairs.run(table, "INSERT INTO shop_visit VALUES (1, '2020-01-01 10:00:00')")
    stairs.run("INSERT INTO shop_visit VALUES (2, '2021-01-01 10:00:00')")
    stairs.up("0002", "ALTER TABLE shop_visit DROP COLUMN at")
    # SQLite adds no such column; a rebuilt table gets it.
    stairs.down(
        "0002",
        table.replace("shop_visit", "shop_new"),
        "INSERT INTO shop_new (id) SELECT id FROM shop_visit",
        "DROP TABLE shop_visit",
        "ALTER TABLE shop_new RENAME TO shop_visit",
    )
    (returned,) = stairs.back()
    assert returned.written == 2
    found = stairs.rows("SELECT CAST(at AS text) FROM shop_visit ORDER BY id")
    assert [one[0][:10] for one in found] == ["2020-01-01", "2021-01-01"]


def test_a_recomputed_value_is_true_and_the_kept_one_stays_kept(goods) -> None:
    goods.up("0003", DROP_CODE)
    down = goods.down("0003", ADD_CODE)
    compute = goods.step("0002", "UPDATE shop_good SET code = 'C' WHERE id = 1", down=True)
    assert goods.back(down, compute, done=1) == [], "it waits for the step that computes it"
    goods.take(compute)
    (returned,) = goods.back(down, compute, done=2)
    assert (returned.written, returned.left) == (1, {"another value stands there": 1})
    assert goods.rows("SELECT code FROM shop_good ORDER BY id") == [("C",), (None,), ("U 3%:x",)]
    assert goods.keeps == [("shop_good", "left", 1)]
    assert goods.back() == [], "it is not tried again: the row had its chance"


def test_a_backfill_of_what_is_null_computes_only_rows_that_were_changed_since(goods):
    goods.run("INSERT INTO shop_good VALUES (4, 'Key', 'K-4')")
    goods.up("0003", DROP_CODE)
    goods.run("UPDATE shop_good SET name = 'Door' WHERE id = 4")
    down = goods.down("0003", ADD_CODE)
    batch = {"table": "shop_good", "set": "code = lower(name)", "where": "code IS NULL"}
    fill = goods.step("0002", "SELECT 1", down=True, batches=(batch,))
    (returned,) = goods.back(down, fill, done=1)
    assert (returned.written, returned.left) == (2, {"waits for the step that computes it": 1})
    goods.run("UPDATE shop_good SET code = lower(name) WHERE code IS NULL")
    goods.take(fill)
    (returned,) = goods.back(down, fill)
    assert returned.left == {"another value stands there": 1}
    assert goods.rows("SELECT id, code FROM shop_good ORDER BY id") == [
        (1, "L-1"),
        (2, "rope"),
        (3, "U 3%:x"),
        (4, "door"),
    ]


def test_a_backfill_of_all_rows_is_waited_for(goods):
    goods.up("0003", DROP_CODE)
    down = goods.down("0003", ADD_CODE)
    over = {"table": "shop_good", "set": "code = lower(name), name = coalesce(name, code)"}
    other = {"table": "shop_good", "set": "name = lower(code)"}
    spare = {"table": "shop_good", "set": "code = coalesce(shop_good.code, 'x')"}
    steps = [goods.step("0002", down=True, batches=(one,)) for one in (over, other, spare)]
    assert goods.back(down, steps[0], done=1) == []
    assert goods.back(down, steps[1], steps[2], done=2)[0].written == 2


def test_a_dropped_table_comes_back_with_its_rows(stairs) -> None:
    json = "jsonb" if stairs.dialect == "postgresql" else "JSON"
    table = f"CREATE TABLE shop_tag (id INTEGER PRIMARY KEY, word VARCHAR(9) UNIQUE, more {json})"
    rows = "INSERT INTO shop_tag VALUES (1, 'a', '{\"n\": 1}'), (2, 'b', NULL), (3, 'c', '[0.10]')"
    stairs.run(table, rows)
    before = stairs.rows("SELECT * FROM shop_tag ORDER BY id")
    stairs.down("0001", "DROP TABLE shop_tag")
    stairs.up("0001", table)
    stairs.run("INSERT INTO shop_tag VALUES (3, 'mine', NULL), (9, 'b', NULL)")
    (returned,) = stairs.back()
    assert returned.left == {"another value stands there": 1, "a constraint refuses it": 1}
    assert stairs.rows("SELECT * FROM shop_tag ORDER BY id") == [
        before[0],
        (3, "mine", None),
        (9, "b", None),
    ]
    assert stairs.keeps == [("shop_tag", "left", 2)]


def test_rows_come_back_together_with_their_parents_and_wait_for_those_that_are_gone(
    stairs,
) -> None:
    tables = (
        "CREATE TABLE shop_kind (id INTEGER PRIMARY KEY, above INTEGER REFERENCES shop_kind (id))",
        "CREATE TABLE shop_item (id INTEGER PRIMARY KEY, kind_id INTEGER REFERENCES shop_kind (id))",
    )
    stairs.run(*tables)
    stairs.run("INSERT INTO shop_kind VALUES (1, NULL), (2, 3), (3, 1), (4, 4)")
    stairs.run("INSERT INTO shop_item VALUES (1, 2), (2, NULL), (3, 4)")
    stairs.down("0002", "DROP TABLE shop_item")
    stairs.down("0001", "DROP TABLE shop_kind")
    up = stairs.up("0001", tables[0])
    stairs.up("0002", tables[1])
    # Between the two a parent goes: nobody is to be given a row that refers to nothing.
    stairs.back(up)
    assert stairs.rows("SELECT * FROM shop_kind ORDER BY id") == [(1, None), (2, 3), (3, 1), (4, 4)]
    assert stairs.rows("SELECT count(*) FROM shop_item") == [(3,)]
    stairs.down("0002", "DROP TABLE shop_item")
    stairs.run("DELETE FROM shop_kind WHERE id = 4")
    stairs.up("0002", tables[1])
    (returned,) = stairs.back()
    assert returned.left == {"the row it belongs to is gone": 1}
    assert stairs.keeps == [("shop_item", "kept", 1)]
    stairs.run("INSERT INTO shop_kind VALUES (4, NULL)")
    stairs.back()
    assert stairs.rows("SELECT * FROM shop_item ORDER BY id") == [(1, 2), (2, None), (3, 4)]
    assert stairs.keeps == []


def test_a_reference_that_deleting_would_have_set_null_comes_back_so(stairs):
    tables = (
        "CREATE TABLE shop_kind (id INTEGER PRIMARY KEY)",
        (
            "CREATE TABLE shop_item (id INTEGER PRIMARY KEY,"
            " kind_id INTEGER REFERENCES shop_kind (id) ON DELETE SET NULL,"
            " above INTEGER REFERENCES shop_item (id) ON DELETE SET NULL)"
        ),
    )
    stairs.run(*tables, "INSERT INTO shop_kind VALUES (1), (2)")
    stairs.run("INSERT INTO shop_item VALUES (1, 1, 3), (2, 2, NULL), (3, NULL, 2)")
    stairs.down("0002", "DROP TABLE shop_item")
    stairs.run("DELETE FROM shop_kind WHERE id = 2")
    stairs.up("0002", tables[1])
    location = stairs.rows("SELECT location FROM talatat_kept")[0][0]
    stairs.run(f"DELETE FROM {location} WHERE id = 3", "INSERT INTO shop_item VALUES (9, 1, 9)")
    (returned,) = stairs.back()
    assert (returned.written, returned.left) == (2, {})
    assert stairs.rows("SELECT * FROM shop_item ORDER BY id") == [
        (1, 1, None),
        (2, None, None),
        (9, 1, 9),
    ]


def test_a_foreign_key_that_comes_back_leads_to_rows_that_are_there(stairs) -> None:
    stairs.run("CREATE TABLE shop_kind (id INTEGER PRIMARY KEY)")
    stairs.run("CREATE TABLE shop_item (id INTEGER PRIMARY KEY)")
    add = "ALTER TABLE shop_item ADD COLUMN kind_id INTEGER REFERENCES shop_kind (id)"
    stairs.up("0002", add)
    stairs.run(
        "INSERT INTO shop_kind VALUES (1), (2)", "INSERT INTO shop_item VALUES (1, 1), (2, 2)"
    )
    rebuilt = (
        "CREATE TABLE shop_new (id INTEGER PRIMARY KEY)",
        "INSERT INTO shop_new (id) SELECT shop_item.id FROM shop_item",
        "DROP TABLE shop_item",
        "ALTER TABLE shop_new RENAME TO shop_item",
    )
    stairs.down("0002", *rebuilt)
    stairs.run("DELETE FROM shop_kind WHERE id = 2")
    stairs.up("0002", add)
    (returned,) = stairs.back()
    assert (returned.written, returned.left) == (1, {"the row it belongs to is gone": 1})
    assert stairs.rows("SELECT * FROM shop_item ORDER BY id") == [(1, 1), (2, None)]


def test_numbers_go_on_after_those_that_came_back(stairs) -> None:
    key = {
        "postgresql": "INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    }[stairs.dialect]
    table = f"CREATE TABLE shop_note (id {key}, said TEXT)"
    stairs.run(table, "INSERT INTO shop_note (said) VALUES ('a'), ('b'), ('c')")
    stairs.down("0001", "DROP TABLE shop_note")
    stairs.up("0001", table)
    stairs.back()
    stairs.run("INSERT INTO shop_note (said) VALUES ('d')")
    assert stairs.rows("SELECT id, said FROM shop_note WHERE id > 2") == [(3, "c"), (4, "d")]


def test_a_column_whose_type_changed_stays_kept(goods) -> None:
    goods.up("0002", DROP_CODE)
    goods.down("0002", "ALTER TABLE shop_good ADD COLUMN code INTEGER")
    (returned,) = goods.back()
    assert "is of type" in str(returned)
    assert goods.keeps == [("shop_good", "kept", 2)]


def test_what_a_later_step_of_the_plan_renames_is_found_under_its_new_name(goods) -> None:
    goods.up("0004", DROP_CODE)
    down = goods.down("0004", ADD_CODE)
    renamed = goods.down(
        "0003",
        "ALTER TABLE shop_good RENAME COLUMN code TO sign",
        "ALTER TABLE shop_good RENAME TO shop_ware",
    )
    (returned,) = goods.back(down, renamed)
    assert returned.written == 2
    assert goods.rows("SELECT sign FROM shop_ware ORDER BY id") == [("L-1",), (None,), ("U 3%:x",)]


def test_a_table_that_was_filled_anew_under_other_keys_gets_no_second_copy(stairs) -> None:
    table = "CREATE TABLE shop_author (id INTEGER PRIMARY KEY, name TEXT)"
    stairs.run(table, "INSERT INTO shop_author VALUES (1, 'Ani'), (2, 'Hor')")
    stairs.down("0002", "DROP TABLE shop_author")
    up = stairs.up("0002", table)
    fill = stairs.step("0003", "INSERT INTO shop_author VALUES (11, 'Ani'), (12, 'Hor')")
    assert stairs.back(up, fill, done=1) == [], "it waits for the step that fills the table"
    stairs.take(fill)
    (returned,) = stairs.back(up, fill)
    assert returned.problem == "shop_author was filled anew, under other keys"
    assert stairs.rows("SELECT id FROM shop_author ORDER BY id") == [(11,), (12,)]
    assert stairs.keeps == [("shop_author", "kept", 2)]


def test_triggers_do_not_act_on_what_comes_back_and_act_again_afterwards(goods) -> None:
    if goods.dialect == "postgresql":
        goods.run(
            "CREATE FUNCTION shop_stamp() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.name := NEW.name || ''!''; RETURN NEW; END'",
            "CREATE TRIGGER shop_good_stamp BEFORE UPDATE ON shop_good FOR EACH ROW"
            " EXECUTE FUNCTION shop_stamp()",
        )
    else:
        goods.run(
            "CREATE TRIGGER shop_good_stamp AFTER UPDATE ON shop_good BEGIN"
            " UPDATE shop_good SET name = name || '!' WHERE id = NEW.id; END"
        )
    goods.up("0002", DROP_CODE)
    goods.down("0002", ADD_CODE)
    goods.back()
    assert goods.rows("SELECT name FROM shop_good ORDER BY id") == [("lamp",), ("rope",), ("urn",)]
    goods.run("UPDATE shop_good SET code = 'x' WHERE id = 1")
    assert goods.rows("SELECT name FROM shop_good WHERE id = 1") == [("lamp!",)]


def test_one_row_that_a_constraint_refuses_keeps_no_other_from_coming_back(stairs) -> None:
    stairs.run("CREATE TABLE shop_good (id INTEGER PRIMARY KEY, code TEXT)")
    stairs.run("INSERT INTO shop_good VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    stairs.up("0002", DROP_CODE)
    unique = "CREATE UNIQUE INDEX shop_good_code ON shop_good (code)"
    stairs.down("0002", ADD_CODE, unique)
    stairs.run("INSERT INTO shop_good VALUES (9, 'b')")
    (returned,) = stairs.back()
    assert (returned.written, returned.left) == (2, {"a constraint refuses it": 1})
    assert stairs.rows("SELECT * FROM shop_good ORDER BY id") == [
        (1, "a"),
        (2, None),
        (3, "c"),
        (9, "b"),
    ]


def test_an_enumeration_that_goes_with_its_column_does_not_stand_in_the_way(stairs) -> None:
    if stairs.dialect == "sqlite":
        pytest.skip("SQLite has no types of its own")
    make = "CREATE TYPE shop_mood AS ENUM ('glad', 'sad')"
    stairs.run("CREATE TABLE shop_good (id INTEGER PRIMARY KEY)")
    stairs.run("INSERT INTO shop_good VALUES (1)")
    add = "ALTER TABLE shop_good ADD COLUMN mood shop_mood"
    stairs.up("0002", make, add)
    stairs.run("UPDATE shop_good SET mood = 'sad'")
    stairs.down("0002", "ALTER TABLE shop_good DROP COLUMN mood", "DROP TYPE shop_mood")
    stairs.up("0002", make, add)
    stairs.back()
    assert stairs.rows("SELECT mood::text FROM shop_good") == [("sad",)]


def test_inside_of_an_open_transaction_all_is_put_back_in_that_one(goods) -> None:
    goods.up("0002", DROP_CODE)
    goods.down("0002", ADD_CODE)
    with goods.connection.begin() as transaction:
        assert goods.back()[0].written == 2
        transaction.rollback()
    assert goods.rows("SELECT count(code) FROM shop_good") == [(0,)]
    assert goods.back()[0].written == 2


def test_a_keep_that_was_killed_half_way_goes_on_where_it_stopped(
    stairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from talatat.evolution.kept import rows, values, work

    monkeypatch.setattr(work, "CHUNK", 2)
    monkeypatch.setattr(rows, "CHUNK", 2)
    monkeypatch.setattr(values, "CHUNK", 2)
    table = "CREATE TABLE shop_tag (id INTEGER PRIMARY KEY, word TEXT)"
    stairs.run(
        table, "INSERT INTO shop_tag VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')"
    )
    stairs.down("0001", "DROP TABLE shop_tag")
    stairs.up("0001", table)
    location = stairs.rows("SELECT location FROM talatat_kept")[0][0]
    # As a kill after the first two of them leaves it.
    stairs.run("INSERT INTO shop_tag VALUES (1, 'a'), (2, 'b')")
    stairs.run(f"DELETE FROM {location} WHERE id < 3")
    (returned,) = stairs.back()
    assert (returned.written, returned.left) == (3, {})
    assert stairs.rows("SELECT count(*) FROM shop_tag") == [(5,)]


def test_nothing_is_kept_of_what_is_empty(stairs) -> None:
    stairs.run(GOODS, "INSERT INTO shop_good VALUES (1, 'lamp', NULL)")
    stairs.run("CREATE TABLE shop_tag (id INTEGER PRIMARY KEY)")
    stairs.up("0002", DROP_CODE, "DROP TABLE shop_tag")
    assert stairs.keeps == []
    assert stairs.connection.execute(select(kept)).all() == []


def test_a_table_without_a_key_comes_back_only_into_an_empty_one(stairs) -> None:
    table = "CREATE TABLE shop_log (said TEXT)"
    stairs.run(table, "INSERT INTO shop_log VALUES ('a'), ('a')")
    stairs.down("0001", "DROP TABLE shop_log")
    stairs.up("0001", table)
    assert stairs.back()[0].written == 2
    stairs.up("0002", "ALTER TABLE shop_log ADD COLUMN more TEXT")
    stairs.run("UPDATE shop_log SET more = 'm'")
    stairs.down("0002", "ALTER TABLE shop_log DROP COLUMN more")
    stairs.up("0002", "ALTER TABLE shop_log ADD COLUMN more TEXT")
    (returned,) = stairs.back()
    assert returned.problem == "no key tells which row is which"
    assert stairs.keeps == [("shop_log", "kept", 2)]


def test_what_no_longer_fits_stays_kept_and_says_why(stairs):
    table = "CREATE TABLE shop_tag (id INTEGER PRIMARY KEY, word TEXT, hue TEXT)"
    stairs.run(table, "INSERT INTO shop_tag VALUES (1, 'a', 'red')")
    stairs.up("0002", "ALTER TABLE shop_tag DROP COLUMN hue")
    stairs.down("0002", "SELECT 1")
    assert stairs.back()[0].problem == "the column is not there"
    stairs.down("0001", "DROP TABLE shop_tag")
    stairs.up("0001", "CREATE TABLE shop_tag (id INTEGER PRIMARY KEY)")
    problems = [one.problem for one in stairs.back()]
    assert problems == ["shop_tag has no column word now", "the column is not there"]
    stairs.run("DROP TABLE shop_tag")
    stairs.run("CREATE TABLE shop_tag (id INTEGER PRIMARY KEY, word TEXT, size INTEGER NOT NULL)")
    assert stairs.back()[0].problem == "shop_tag.size is new and wants a value"
    stairs.run("DROP TABLE shop_tag", "CREATE TABLE shop_other (id INTEGER PRIMARY KEY)")
    assert stairs.back()[0].problem == "there is no table shop_tag"
    assert [one[1] for one in stairs.keeps] == ["kept", "kept"]


def test_a_key_of_two_columns_of_which_one_comes_back_leads_to_a_row(stairs):
    stairs.run("CREATE TABLE shop_bin (hall INTEGER, place INTEGER, PRIMARY KEY (hall, place))")
    plain = "CREATE TABLE shop_item (id INTEGER PRIMARY KEY, hall INTEGER)"
    keyed = (
        "CREATE TABLE shop_new (id INTEGER PRIMARY KEY, hall INTEGER, place INTEGER,"
        " FOREIGN KEY (hall, place) REFERENCES shop_bin (hall, place))"
    )
    swap = ("DROP TABLE shop_item", "ALTER TABLE shop_new RENAME TO shop_item")
    copy = "INSERT INTO shop_new (id, hall) SELECT id, hall FROM shop_item"
    stairs.run(plain, "INSERT INTO shop_bin VALUES (1, 1), (1, 2)")
    stairs.up("0002", keyed, copy, *swap)
    stairs.run("INSERT INTO shop_item VALUES (1, 1, 1), (2, 1, 2)")
    stairs.down("0002", plain.replace("shop_item", "shop_new"), copy, *swap)
    stairs.run("DELETE FROM shop_bin WHERE place = 2")
    stairs.up("0002", keyed, copy, *swap)
    (returned,) = stairs.back()
    assert returned.left == {"the row it belongs to is gone": 1}
    assert stairs.rows("SELECT * FROM shop_item ORDER BY id") == [(1, 1, 1), (2, 1, None)]


def test_a_column_that_the_database_computes_now_takes_no_kept_value_and_stops_nothing(
    goods,
) -> None:
    goods.up("0002", DROP_CODE)
    kind = "STORED" if goods.dialect == "postgresql" else "VIRTUAL"
    computed = f"code TEXT GENERATED ALWAYS AS ('C-' || name) {kind}"
    goods.down("0002", f"ALTER TABLE shop_good ADD COLUMN {computed}")
    (returned,) = goods.back()
    assert "shop_good.code is computed by the database now" in str(returned)
    assert goods.keeps == [("shop_good", "kept", 2)]
    assert goods.rows("SELECT code FROM shop_good WHERE id = 1") == [("C-lamp",)]


def test_a_column_that_the_database_numbers_takes_no_kept_value_and_stops_nothing(goods) -> None:
    if goods.dialect == "sqlite":
        pytest.skip("SQLite numbers nothing but its rowids")
    number = "ALTER TABLE shop_good ADD COLUMN number INT GENERATED ALWAYS AS IDENTITY"
    goods.run(number)
    goods.up("0002", "ALTER TABLE shop_good DROP COLUMN number")
    goods.down("0002", number)
    (returned,) = goods.back()
    assert "shop_good.number is numbered by the database now" in str(returned)
    assert goods.keeps == [("shop_good", "kept", 3)]
