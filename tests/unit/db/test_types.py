"""Column types mean the same on both databases: what goes in comes out, or is refused with a word."""

import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.schema import CreateTable

from talatat.db import types as t

table = Table(
    "talatat_types",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("id", t.UUIDv7),
    Column("moment", t.UTCDateTime),
    Column("document", t.JSONDocument),
    Column("price", t.Decimal4),
)

many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# PostgreSQL's text holds no NUL; a lone surrogate has no UTF-8 form.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
    # JSONB writes a float of more than 15 digits out as an integer, which Python then reads exactly.
    | st.floats(-(10.0**15), 10.0**15)
)  # fmt: skip
documents = st.recursive(
    scalars,
    lambda one: st.lists(one, max_size=4) | st.dictionaries(texts, one, max_size=4),
    max_leaves=12,
)
moments = st.datetimes(
    datetime(1, 1, 3), datetime(9999, 12, 29),  # noqa: DTZ001  # hypothesis wants naive bounds
    timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
)  # fmt: skip
prices = st.decimals(-(10**12), 10**12, places=4)


@pytest.fixture
def connection(database):
    with database.engine.connect() as connection:
        connection.execute(CreateTable(table))
        yield connection


@contextmanager
def rolled_back(connection):
    nested = connection.begin_nested()
    try:
        yield
    finally:
        nested.rollback()


def stored(connection, **values):
    """Write one row, read it back and take it away."""
    (name,) = values
    with rolled_back(connection):
        connection.execute(insert(table).values(number=1, **values))
        return connection.scalar(select(table.c[name]))


@many
@given(st.uuids())
def test_an_id_comes_back_as_its_canonical_string(connection, value):
    assert stored(connection, id=str(value).upper()) == str(value)


@many
@given(moments)
def test_a_moment_comes_back_in_utc_to_the_microsecond(connection, value):
    found = stored(connection, moment=value)
    assert found == value
    assert found.utcoffset() == timedelta(0)


@many
@given(documents)
def test_a_document_comes_back_as_it_went(connection, value):
    assert stored(connection, document=value) == value


@many
@given(prices)
def test_a_price_comes_back_exactly(connection, value):
    assert stored(connection, price=value) == value


@many
@given(st.lists(moments, min_size=2, max_size=6))
def test_moments_are_ordered_by_the_database_as_by_python(connection, values):
    with rolled_back(connection):
        connection.execute(
            insert(table), [{"number": n, "moment": v} for n, v in enumerate(values)]
        )
        found = connection.scalars(select(table.c.moment).order_by(table.c.moment)).all()
    assert found == sorted(values)


@many
@given(st.lists(prices, min_size=1, max_size=8))
def test_the_database_adds_prices_exactly(connection, values):
    price = table.c.price
    sums = select(func.sum(price), func.sum(price * 3), func.sum(2 * price))
    with rolled_back(connection):
        connection.execute(insert(table), [{"number": n, "price": v} for n, v in enumerate(values)])
        found = connection.execute(sums).one()
        quantities = connection.scalar(select(func.sum(table.c.number * price)))
        below = connection.scalar(select(func.count()).where(price < values[0]))
    total = sum(values)
    assert found == (total, total * 3, total * 2)
    assert quantities == sum(n * v for n, v in enumerate(values))
    assert below == len([v for v in values if v < values[0]])


def test_none_is_null_for_every_type(connection):
    connection.execute(
        insert(table).values(number=1, id=None, moment=None, document=None, price=None)
    )
    nulls = [column.is_(None) for column in table.c if column.name != "number"]
    assert connection.scalar(select(func.count()).where(*nulls)) == 1
    assert connection.execute(select(table)).one() == (1, None, None, None, None)


def test_a_document_can_be_searched_by_its_members(connection):
    connection.execute(insert(table), [{"number": 1, "document": {"colour": "red", "size": {"w": 3}}},
                                       {"number": 2, "document": {"colour": "blue"}}])  # fmt: skip
    document = table.c.document
    red = select(table.c.number).where(document["colour"].as_string() == "red")
    wide = select(table.c.number).where(document["size"]["w"].as_integer() > 2)
    assert connection.scalars(red).all() == [1]
    assert connection.scalars(wide).all() == [1]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("id", "abc", "is not a UUID"),
        ("id", 7, "is not a UUID"),
        ("moment", datetime(2020, 1, 1), "time zone"),  # noqa: DTZ001
        ("moment", "2020-01-01", "time zone"),
        ("document", {"a": "nul\0"}, "NUL"),
        ("document", {"a": 2**64 + 1}, "64-bit|range"),
        ("document", {"a": Decimal(1)}, "not JSON serializable"),
        ("price", 1.5, "float"),
        ("price", Decimal("1.23456"), "more than 4 decimals"),
        ("price", Decimal("NaN"), "not a decimal"),
        ("price", "much", "not a decimal"),
        ("price", Decimal(sys.maxsize), "too large"),
    ],
)
def test_what_one_database_would_keep_otherwise_is_refused(connection, column, value, said):
    with pytest.raises((StatementError, ValueError, TypeError), match=said):
        connection.execute(insert(table).values(number=1, **{column: value}))


def test_the_text_of_an_escaped_nul_is_not_a_nul(connection):
    assert stored(connection, document={"a": "\\u0000"}) == {"a": "\\u0000"}


def test_now_has_a_time_zone():
    assert t.utcnow().tzinfo is UTC
