"""Cursors survive the way to a client and back, and nothing else does."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.problems import Problem
from talatat.resources.listing.cursor import LONGEST, Cursor, CursorSealer, digest_of
from talatat.security import KeyRing

QUERY = digest_of("a", 1)
SEALER = CursorSealer(KeyRing(["current", "former"]))

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=40),
    st.floats(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.sampled_from([dt.UTC, None])), st.dates(), st.times(), st.uuids(),
)  # fmt: skip
CURSORS = st.builds(Cursor, st.lists(VALUES, max_size=5).map(tuple), st.booleans(), st.booleans())


def storable(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


@given(cursor=CURSORS)
def test_a_cursor_comes_back_as_it_was(cursor: Cursor) -> None:
    found = SEALER.loads(SEALER.dumps(cursor, QUERY), QUERY)
    assert found == cursor
    assert [type(value) for value in found.values] == [type(value) for value in cursor.values]


@given(cursor=CURSORS, data=st.data())
def test_no_changed_character_is_accepted(cursor: Cursor, data: st.DataObject) -> None:
    text = SEALER.dumps(cursor, QUERY)
    at = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from("ABCDabcd0123-_=+/ é"))
    if sign == text[at]:
        return
    with pytest.raises(Problem) as raised:
        SEALER.loads(text[:at] + sign + text[at + 1 :], QUERY)
    assert (raised.value.code, raised.value.problem_code) == (400, "invalid_cursor")


@given(text=st.text(max_size=200))
def test_no_other_text_is_accepted(text: str) -> None:
    with pytest.raises(Problem):
        SEALER.loads(text, QUERY)


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1], lambda text: text + "A", lambda text: text * 2]
)
def test_no_other_length_is_accepted(change: Any) -> None:
    text = SEALER.dumps(Cursor(("a", 1)), QUERY)
    with pytest.raises(Problem):
        SEALER.loads(change(text), QUERY)


def test_a_cursor_holds_for_one_query() -> None:
    text = SEALER.dumps(Cursor(("a",)), QUERY)
    with pytest.raises(Problem):
        SEALER.loads(text, digest_of("a", 2))


def test_the_first_secret_seals_and_each_one_opens() -> None:
    former = CursorSealer(KeyRing(["former"]))
    rotated = CursorSealer(KeyRing(["new", "former"]))
    new = CursorSealer(KeyRing(["new"]))
    text = former.dumps(Cursor(("a",)), QUERY)
    assert rotated.loads(text, QUERY) == Cursor(("a",))
    assert new.loads(rotated.dumps(Cursor(("b",)), QUERY), QUERY) == Cursor(("b",))
    with pytest.raises(Problem):
        new.loads(text, QUERY)


def test_a_cursor_tells_nothing_of_the_row_at_the_edge_and_is_the_same_each_time() -> None:
    text = SEALER.dumps(Cursor(("somebody's salary", 12)), QUERY)
    assert b"salary" not in base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert SEALER.dumps(Cursor(("somebody's salary", 12)), QUERY) == text


def test_one_spelling_only_is_accepted() -> None:
    text = SEALER.dumps(Cursor(("ab",)), QUERY)
    padded = text + "=" * (-len(text) % 4)
    if padded != text:
        with pytest.raises(Problem):
            SEALER.loads(padded, QUERY)
    with pytest.raises(Problem):
        SEALER.loads(text + "\n", QUERY)


def test_a_very_long_text_is_not_looked_at() -> None:
    with pytest.raises(Problem):
        SEALER.loads(base64.urlsafe_b64encode(b"x" * LONGEST).decode(), QUERY)


def test_a_value_of_an_unknown_kind_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="bytes"):
        SEALER.dumps(Cursor((b"x",)), QUERY)


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**63), decimal.Decimal("1.50"), uuid.UUID(int=7), dt.date(2026, 1, 31), 0.1 + 0.2],
)
def test_values_that_json_would_change_are_kept_exactly(value: Any) -> None:
    assert SEALER.loads(SEALER.dumps(Cursor((value,)), QUERY), QUERY).values == (value,)
