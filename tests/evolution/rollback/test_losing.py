"""Which columns and tables a step loses, and that a rename loses nothing."""

from __future__ import annotations

import pytest

from talatat.evolution.hazards.tokens import tokenize
from talatat.evolution.kept.computing import writes


def columns(table: str, *names: str, key: tuple[str, ...] = ("id",)) -> dict[str, object]:
    return {"table": table, "columns": list(names), "key": list(key), "whole": False}


@pytest.fixture
def good(stairs):
    stairs.run("CREATE TABLE shop_good (id INTEGER PRIMARY KEY, name TEXT, size VARCHAR(9))")
    return stairs


def test_renamed_tables_and_columns_are_not_lost(good) -> None:
    rename = (
        "ALTER TABLE shop_good RENAME TO shop_ware",
        "ALTER TABLE shop_ware RENAME COLUMN name TO title",
    )
    assert good.lost(*rename) == []
    assert good.lost(*rename, "ALTER TABLE shop_ware DROP COLUMN size") == [
        columns("shop_good", "size")
    ]


def test_a_dropped_table_is_lost_whole(good) -> None:
    assert good.lost("DROP TABLE IF EXISTS shop_good") == [
        {"table": "shop_good", "columns": [], "key": ["id"], "whole": True}
    ]


def test_a_column_that_is_dropped_and_made_again_is_lost(good) -> None:
    assert good.lost(
        "ALTER TABLE shop_good DROP COLUMN name", "ALTER TABLE shop_good ADD COLUMN name TEXT"
    ) == [columns("shop_good", "name")]


def test_a_table_that_is_made_anew_loses_what_was_not_copied(good) -> None:
    rebuild = [
        'CREATE TABLE "_tmp" (id INTEGER PRIMARY KEY, title TEXT, size TEXT)',
        (
            'INSERT INTO "_tmp" (id, title, size) SELECT shop_good.id, shop_good.name,'
            " CAST(shop_good.size AS TEXT) AS size FROM shop_good"
        ),
        "DROP TABLE shop_good",
        'ALTER TABLE "_tmp" RENAME TO shop_good',
    ]
    assert good.lost(*rebuild) == []
    less = rebuild[1].replace("CAST(shop_good.size AS TEXT) AS size", "'none'")
    assert good.lost(rebuild[0], less, *rebuild[2:]) == [columns("shop_good", "size")]
    fewer = f"{rebuild[1]} WHERE id > 3"
    assert good.lost(rebuild[0], fewer, *rebuild[2:])[0]["whole"] is True


def test_a_type_that_may_hold_less_loses_the_column(stairs):
    if stairs.dialect == "sqlite":
        assert _retyped(stairs, "DECIMAL(9, 2)", "NUMERIC(5)") == []
        assert _retyped(stairs, "VARCHAR(3)", "TEXT") == []
        assert _retyped(stairs, "BLOB", "DOUBLE") == [columns("shop_good", "size")]
        assert _retyped(stairs, "REAL", "BIGINT") == [columns("shop_good", "size")]
        return
    stairs.run("CREATE TABLE shop_good (id INTEGER PRIMARY KEY, size TEXT, n INTEGER)")
    assert stairs.lost("ALTER TABLE shop_good ALTER COLUMN n TYPE BIGINT") == []
    shorter = "ALTER TABLE shop_good ALTER COLUMN size TYPE VARCHAR(3)"
    assert stairs.lost(shorter) == [columns("shop_good", "size")]


def _retyped(stairs, old, new):
    """What a table loses that SQLite makes anew with another type."""
    stairs.run("DROP TABLE IF EXISTS shop_good")
    stairs.run(f"CREATE TABLE shop_good (id INTEGER PRIMARY KEY, size {old})")
    return stairs.lost(
        f"CREATE TABLE _tmp (id INTEGER PRIMARY KEY, size {new})",
        f"INSERT INTO _tmp (id, size) SELECT id, CAST(size AS {new}) FROM shop_good",
        "DROP TABLE shop_good",
        "ALTER TABLE _tmp RENAME TO shop_good",
    )


def test_the_key_is_one_that_outlives_the_step(stairs) -> None:
    stairs.run("CREATE TABLE shop_good (id INTEGER PRIMARY KEY, uid TEXT NOT NULL, name TEXT)")
    other = "CREATE TABLE shop_new (uid TEXT NOT NULL PRIMARY KEY, name TEXT)"
    rest = ("DROP TABLE shop_good", "ALTER TABLE shop_new RENAME TO shop_good")
    copy = "INSERT INTO shop_new (uid, name) SELECT uid, name FROM shop_good"
    assert stairs.lost(other, copy, *rest) == [columns("shop_good", "id", key=("uid",))]
    keyless = "CREATE TABLE shop_new (name TEXT)"
    copy = "INSERT INTO shop_new (name) SELECT name FROM shop_good"
    assert stairs.lost(keyless, copy, *rest) == [columns("shop_good", "id", "uid", key=())]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("INSERT INTO public.shop_good (id) VALUES (1)", [("insert", "shop_good", set())]),
        (
            'UPDATE ONLY "shop_good" SET a = (b = 1)::int, (c, d) = (1, 2) WHERE e = 3',
            [("update", "shop_good", {"a", "c", "d"})],
        ),
        (
            "WITH x AS (SELECT 1) INSERT OR IGNORE INTO shop_good SELECT * FROM x",
            [("insert", "shop_good", set())],
        ),
        ("DELETE FROM shop_good", []),
    ],
)
def test_what_a_statement_writes_is_seen(statement: str, expected: list[object]) -> None:
    assert list(writes(list(tokenize(statement)))) == expected
