"""The SQL that puts a thing back: said for people, and right when they run it."""

import pytest

from talatat.evolution.drift.comparing import Difference, compare
from talatat.evolution.drift.mending import put_back, words
from talatat.evolution.live import Object, Schema

COLUMN = {"type": "text", "nullable": True}
MADE = (
    Object("table", "shelf_book", None, "CREATE TABLE shelf_book (id uuid)"),
    Object("index", "shelf_book_ix", "shelf_book", "CREATE INDEX shelf_book_ix ON shelf_book (id)"),
    Object("trigger", "shelf_book_t", "shelf_book", "CREATE TRIGGER shelf_book_t ..."),
    Object("constraint", "shelf_book_ck", "shelf_book", "ALTER TABLE shelf_book ADD CONSTRAINT ..."),
    Object("index", "other_ix", "other", "CREATE INDEX other_ix ON other (id)"),
)  # fmt: skip


def said(kind, name, one, other, dialect="postgresql"):
    difference = Difference("shelf_book", kind, name, one, other)
    return put_back(difference, Schema(dialect, MADE, {}))


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_what_is_gone_is_made_again_and_what_is_too_much_is_dropped(dialect):
    assert said("table", "shelf_book", {"kind": "table"}, None, dialect) == [
        one.sql for one in MADE[:4]
    ]
    assert said("table", "shelf_book", None, {"kind": "table"}, dialect) == [
        "DROP TABLE shelf_book"
    ]
    assert said("table", "shelf_book", None, {"kind": "view"}, dialect) == ["DROP VIEW shelf_book"]
    assert said("table", "unlogged", True, None, dialect) == []
    assert said("index", "shelf_book_ix", "a", "b", dialect) == [
        "DROP INDEX shelf_book_ix",
        MADE[1].sql,
    ]
    on = " ON shelf_book" if dialect == "postgresql" else ""
    dropped = f"DROP TRIGGER shelf_book_t{on}"
    assert said("trigger", "shelf_book_t", "a", "b", dialect) == [dropped, MADE[2].sql]
    assert said("column", "more", None, COLUMN, dialect) == [
        "ALTER TABLE shelf_book DROP COLUMN more"
    ]
    added = "ALTER TABLE shelf_book ADD COLUMN more text DEFAULT 'x' NOT NULL"
    full = {"type": "text", "nullable": False, "default": "'x'"}
    assert said("column", "more", full, None, dialect) == [added]


def test_what_changed_is_changed_back_on_postgresql_only():
    alter = "ALTER TABLE shelf_book ALTER COLUMN more"
    now = {"type": "integer", "nullable": False, "default": "3"}
    assert said("column", "more", COLUMN, now) == [
        f"{alter} TYPE text", f"{alter} DROP DEFAULT", f"{alter} DROP NOT NULL",
    ]  # fmt: skip
    assert said("column", "more", now, COLUMN)[1:] == [
        f"{alter} SET DEFAULT 3",
        f"{alter} SET NOT NULL",
    ]
    must = {"type": "text", "nullable": False}
    added = "ALTER TABLE shelf_book ADD COLUMN more text"
    assert said("column", "more", must, None) == [added, f"{alter} SET NOT NULL"]
    drop = "ALTER TABLE shelf_book DROP CONSTRAINT shelf_book_ck"
    assert said("constraint", "shelf_book_ck", "check (a)", "check (b)") == [drop, MADE[3].sql]
    validate = "ALTER TABLE shelf_book VALIDATE CONSTRAINT shelf_book_ck"
    assert said("constraint", "shelf_book_ck", "check (a)", "CHECK (a) NOT VALID") == [validate]
    for arguments in (("column", "more", now, COLUMN), ("constraint", "shelf_book_ck", "a", "b")):
        assert said(*arguments, "sqlite") == []


def test_each_side_is_told_in_words():
    assert words(None) == "-"
    assert (
        words({"type": "text", "nullable": False, "default": "'x'"}) == "text DEFAULT 'x' NOT NULL"
    )
    assert words({"kind": "table", "columns": {}}) == "there"
    assert words({"kind": "view", "sql": "SELECT 1"}) == "SELECT 1"
    assert words("check (a)") == "check (a)"


def test_schemas_are_compared_thing_by_thing():
    one = {
        "a": {"kind": "table", "columns": {"x": COLUMN}, "options": ["strict"]},
        "b": {"kind": "view"},
    }
    other = {"a": {"kind": "table", "columns": {"y": COLUMN}, "triggers": {"t": "..."}}}
    found = [(one.table, one.kind, one.name) for one in compare(one, other, ["a", "b", "c"])]
    assert found == [
        ("a", "column", "x"), ("a", "column", "y"), ("a", "trigger", "t"), ("a", "table", "options"),
        ("b", "table", "b"),
    ]  # fmt: skip
