"""Values of filters are read by the type of their column."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from talatat.db import JSONDocument, Scaled, UTCDateTime, UUIDv7
from talatat.resources.listing.filters import column_filter, custom_filter


class Size(enum.Enum):
    small = 1
    large = 2


MOMENT = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001  # what a column without a zone gives
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (sa.Integer(), "-5", -5), (sa.Float(), "1e3", 1000.0), (sa.Numeric(), "1.50", Decimal("1.50")),
        (Scaled(2), "1.5", Decimal("1.5")), (sa.Boolean(), "true", True), (sa.String(), "", ""),
        (sa.Date(), "2026-01-01", dt.date(2026, 1, 1)), (sa.Time(), "12:30:00", dt.time(12, 30)),
        (UTCDateTime(), "2026-01-01T13:00:00+01:00", MOMENT.replace(tzinfo=dt.UTC)),
        (sa.DateTime(), "2026-01-01T12:00:00Z", MOMENT), (UUIDv7(), ID.upper(), ID), (sa.Uuid(), ID, ID),
        (sa.Enum("s", "m"), "m", "m"), (sa.Enum(Size), "small", "small"),
    ],
)  # fmt: skip
def test_a_value_is_read_by_the_type_of_the_column(type_: Any, text: str, value: Any) -> None:
    found = column_filter("x", sa.column("x", type_)).read("eq", text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (sa.Integer(), "5.0"), (sa.Integer(), "٥"), (sa.Integer(), str(2**63)),
        (sa.Integer(), str(2**31)), (sa.Integer(), str(-(2**31) - 1)), (sa.BigInteger(), str(2**63)), (sa.Float(), "nan"),
        (sa.Float(), "1e999"), (sa.Numeric(), "1e3"), (Scaled(2), "1.555"), (sa.Boolean(), "True"),
        (sa.Date(), "20260101"), (sa.Date(), "2026-02-30"), (sa.Time(), "25:00"), (UTCDateTime(), "2026-01-01"),
        (sa.Uuid(), "x"), (sa.Enum("s", "m"), "l"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence(type_: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        column_filter("x", sa.column("x", type_)).read("eq", text)


def test_documents_cannot_be_filtered_by_themselves() -> None:
    for type_ in (JSONDocument(), sa.JSON(), sa.LargeBinary()):
        with pytest.raises(LookupError):
            column_filter("x", sa.column("x", type_))


def test_operators_are_those_that_make_sense_for_the_type() -> None:
    assert "contains" in column_filter("x", sa.column("x", sa.String())).operators
    assert "contains" not in column_filter("x", sa.column("x", sa.Integer())).operators
    assert column_filter("x", sa.column("x", sa.Boolean())).operators == ("eq", "ne", "isnull")


def test_a_filter_of_ones_own_may_say_its_operators() -> None:
    def fn(query: Any, name: str, op: str, value: Any) -> Any:
        return query

    assert "lt" in custom_filter("x", fn).operators
    fn.operators = ("eq",)  # type: ignore[attr-defined]
    assert custom_filter("x", fn).operators == ("eq",)
    assert custom_filter("x", fn).read("in", "a,b\\,c") == ["a", "b,c"]
