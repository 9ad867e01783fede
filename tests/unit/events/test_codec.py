"""Events as JSON and back."""

import enum
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.db import Money
from talatat.events import Event
from talatat.events.codec import decode_event, encode, undecodable


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Line:
    product_id: str
    quantity: int
    price: Money


@dataclass
class Everything(Event):
    word: str
    number: int
    ratio: float
    yes: bool
    amount: Decimal
    money: Money
    moment: datetime
    day: date
    colour: Colour
    maybe: str | None
    lines: list[Line]
    pair: tuple[int, str]
    row: tuple[int, ...]
    tags: set[str]
    by_name: dict[str, Decimal]
    anything: Any = None


money = st.builds(Money, st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["EUR", "USD"]))
events = st.builds(
    Everything,
    word=st.text(), number=st.integers(-(2**53), 2**53), yes=st.booleans(),
    ratio=st.floats(allow_nan=False, allow_infinity=False),
    amount=st.decimals(allow_nan=False, allow_infinity=False), money=money,
    moment=st.datetimes(timezones=st.just(UTC)), day=st.dates(), colour=st.sampled_from(Colour),
    maybe=st.none() | st.text(), lines=st.lists(st.builds(Line, st.text(), st.integers(0, 9), money)),
    pair=st.tuples(st.integers(0, 9), st.text()), row=st.lists(st.integers(0, 9)).map(tuple),
    tags=st.sets(st.text()), by_name=st.dictionaries(st.text(), st.just(Decimal("1.50"))),
    anything=st.none() | st.text() | st.lists(st.booleans()),
)  # fmt: skip


@given(events)
def test_an_event_comes_back_from_json_as_it_went(event):
    sent = orjson.loads(orjson.dumps(encode(event)))
    assert decode_event(Everything, sent) == event


def test_every_type_of_field_above_is_known_to_come_back():
    assert undecodable(Everything) == []


def test_a_field_that_would_not_come_back_is_named():
    @dataclass
    class Bad(Event):
        thing: object
        either: int | str
        numbers: dict[int, str]
        fine: str

    said = undecodable(Bad)
    assert [one.split(" is of type")[0].rpartition(".")[2] for one in said] == [
        "thing",
        "either",
        "numbers",
    ]


def test_an_event_that_is_no_dataclass_is_named():
    class Bare(Event):
        pass

    (said,) = undecodable(Bare)
    assert "Bare is not a dataclass: decorate it" in said


def test_a_value_without_a_json_form_is_refused_when_it_is_told():
    with pytest.raises(TypeError, match="an event cannot hold"):
        encode(object())
    with pytest.raises(TypeError, match="an event cannot hold"):
        encode({1: "x"})


def test_fields_that_came_and_went_between_two_versions_do_no_harm():
    @dataclass
    class Changed(Event):
        kept: str
        new: str = "default"
        made: int = field(init=False, default=7)

    event = decode_event(Changed, {"kept": "k", "gone": 1, "made": 3})
    assert event == Changed("k")


def test_events_may_be_frozen():
    @dataclass(frozen=True)
    class Frozen(Event):
        word: str

    from talatat.events.event import bind

    event = Frozen("x")
    bind(event, "request", "key")
    assert (event.request, event.key) == ("request", "key")
