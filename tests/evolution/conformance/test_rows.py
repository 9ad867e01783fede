"""Rows that are made up: for every type, key and check that a model of an addon may have."""

import enum

import pytest
import sqlalchemy as sa

from talatat.db import types as t
from talatat.testing.conformance.reflecting import content, reflect, table_names
from talatat.testing.conformance.rows import Rows, changed, in_order
from talatat.testing.conformance.values import NoRow, value_for

METADATA = sa.MetaData(naming_convention={"ck": "%(table_name)s_%(constraint_name)s_ck"})


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


parents = sa.Table(
    "shed_parent", METADATA,
    sa.Column("id", t.UUIDv7, primary_key=True),
    sa.Column("code", sa.CHAR(3), unique=True),
    sa.Column("state", sa.String(10), default="new", nullable=False),
    sa.Column("document", t.JSONDocument, default=dict, nullable=False),
)  # fmt: skip
everything = sa.Table(
    "shed_everything", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.Numeric(5, 2), nullable=False),
    sa.Column("scaled", t.Scaled(2), nullable=False),
    sa.Column("moment", t.UTCDateTime, nullable=False),
    sa.Column("local", sa.DateTime, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("hour", sa.Time, nullable=False),
    sa.Column("long", sa.Interval, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("truth", sa.Boolean, nullable=False),
    sa.Column("real", sa.Float, nullable=False),
    sa.Column("colour", sa.Enum(Colour, name="shed_colour"), nullable=False),
    sa.Column("uuid", sa.Uuid, nullable=False, unique=True),
    sa.Column("email", sa.String(100), nullable=False),
    sa.Column("twice", sa.Integer, sa.Computed("id * 2", persisted=True)),
    sa.Column("parent_id", sa.ForeignKey(parents.c.id), nullable=False),
    sa.Column("self_id", sa.ForeignKey("shed_everything.id")),
)  # fmt: skip
checked = sa.Table(
    "shed_checked", METADATA,
    sa.Column("parent_id", sa.ForeignKey(parents.c.id), primary_key=True),
    sa.Column("one", sa.String(10)),
    sa.Column("other", sa.String(10)),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("low", sa.Integer, nullable=False),
    sa.Column("high", sa.Integer, nullable=False),
    sa.CheckConstraint("(one IS NULL) <> (other IS NULL)", name="one"),
    sa.CheckConstraint("kind IN ('this', 'that''s it')", name="kind"),
    sa.CheckConstraint("low >= 40 AND high <= 41 AND low < high", name="range"),
)  # fmt: skip


@pytest.fixture
def connection(database):
    with database.engine.begin() as found:
        METADATA.create_all(found)
        yield found


def test_rows_are_made_for_every_type_key_and_check(connection):
    rows = Rows([checked, everything, parents])
    made = rows.fill(connection, 4)
    assert {name: len(found) for name, found in made.items()} == {
        "shed_parent": 4, "shed_everything": 4, "shed_checked": 4,
    }  # fmt: skip
    assert made["shed_parent"][0]["state"] == "new"
    assert {row["kind"] for row in made["shed_checked"]} <= {"this", "that's it"}
    for table in METADATA.sorted_tables:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 4


def test_rows_are_made_for_what_was_reflected_as_well(connection):
    tables = reflect(connection, table_names(connection))
    rows = Rows(tables)
    rows.fill(connection, 3)
    Rows(tables, start=100).fill(connection, 3)
    found = content(connection, tables)
    assert {name: len(one) for name, one in found.items()} == dict.fromkeys(METADATA.tables, 6)


def test_the_same_tables_get_the_same_rows(connection):
    with connection.begin_nested() as first:
        once = Rows([parents, checked]).fill(connection, 3)
        first.rollback()
    assert Rows([parents, checked]).fill(connection, 3) == once


def test_every_row_has_an_extension_of_its_own_until_there_is_no_other_row(connection):
    rows = Rows([parents, checked])
    made = rows.fill(connection, 5)
    assert len({row["parent_id"] for row in made["shed_checked"]}) == 5
    with pytest.raises(NoRow, match=r"no row could be made for shed_checked: .*(UNIQUE|duplicate)"):
        rows.insert(connection, checked)


def test_values_that_are_known_are_taken(connection):
    made = Rows([parents], {"shed_parent": {"state": "sold"}}).fill(connection, 2)
    assert [row["state"] for row in made["shed_parent"]] == ["sold", "sold"]


def test_values_of_columns_that_only_other_revisions_have_are_left_out(connection):
    made = Rows([parents], {"shed_parent": {"state": "sold", "gone": 1}}).fill(connection, 1)
    assert [row["state"] for row in made["shed_parent"]] == ["sold"]


def test_a_change_leaves_keys_documents_and_what_checks_name(connection):
    assert set(changed(parents, 7)) == {"code", "state"}
    assert set(changed(checked, 7)) == set()
    assert not {"id", "twice", "parent_id", "self_id"} & set(changed(everything, 7))


def test_a_type_that_nobody_knows_is_told_and_left_empty_where_it_may_be():
    class Odd(sa.types.UserDefinedType):
        pass

    table = sa.Table(
        "shed_odd", sa.MetaData(), sa.Column("a", Odd, nullable=False), sa.Column("b", Odd)
    )
    with pytest.raises(NoRow, match=r"nobody knows a value of the type .* of a"):
        value_for(table.c.a, 1)
    assert value_for(table.c.b, 1) is None


def test_tables_that_refer_to_each_other_in_a_circle_are_ordered_all_the_same():
    metadata = sa.MetaData()
    one = sa.Table("one", metadata, sa.Column("id", sa.Integer, primary_key=True),
                   sa.Column("two_id", sa.ForeignKey("two.id"), nullable=False))  # fmt: skip
    two = sa.Table("two", metadata, sa.Column("id", sa.Integer, primary_key=True),
                   sa.Column("one_id", sa.ForeignKey("one.id")))  # fmt: skip
    assert in_order([one, two]) == [two, one]
