"""Schemas derived from models, and told as JSON Schema."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import colander
import jsonschema
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from talatat import schema as s
from talatat.db import JSONDocument, Scaled, UTCDateTime, UUIDv7
from talatat.schema.types import JSONType, format_timestamp, parse_timestamp


class Base(DeclarativeBase):
    pass


class Thing(Base):
    """A thing.

    With a longer story.
    """

    __tablename__ = "thing"
    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(10), doc="Its name")
    text: Mapped[str | None] = mapped_column(sa.Text)
    count: Mapped[int] = mapped_column(default=0)
    big: Mapped[int] = mapped_column(sa.BigInteger)
    ratio: Mapped[float]
    exact: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2))
    scaled: Mapped[Decimal] = mapped_column(Scaled(2))
    flag: Mapped[bool]
    day: Mapped[dt.date]
    hour: Mapped[dt.time]
    moment: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    plain_moment: Mapped[dt.datetime]
    size: Mapped[str] = mapped_column(sa.Enum("s", "m", name="size"))
    extra: Mapped[dict[str, Any]] = mapped_column(JSONDocument)
    raw: Mapped[bytes]
    secret: Mapped[str] = mapped_column(info={"private": True})
    made: Mapped[str] = mapped_column(sa.Computed("name"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    length = column_property(sa.func.length(sa.text("name")))


def test_a_schema_is_derived_from_the_columns() -> None:
    schema = s.schema_of(Thing)
    assert schema.description == "A thing."
    names = [node.name for node in schema.children]
    assert names == [
        "id", "name", "text", "count", "big", "ratio", "exact", "scaled", "flag", "day", "hour", "moment",
        "plain_moment", "size", "extra", "raw", "made", "created_at",
    ]  # fmt: skip
    found = s.json_schema(schema, "create")
    assert set(found["properties"]) == set(names) - {"id", "made", "created_at"}
    assert found["required"] == [
        name for name in names if name not in ("id", "made", "created_at", "text", "count")
    ]
    told = found["properties"]
    assert told["name"] == {"type": "string", "maxLength": 10, "description": "Its name"}
    assert told["text"] == {"type": ["string", "null"]}
    assert (told["count"]["maximum"], "maximum" in told["big"]) == (2**31 - 1, False)
    assert told["size"] == {"type": "string", "enum": ["s", "m"], "minLength": 1}
    assert told["moment"] == told["plain_moment"] == {"type": "string", "format": "date-time"}
    assert told["day"] == {"type": "string", "format": "date"}
    assert told["scaled"]["type"] == told["exact"]["type"] == "string"
    assert told["extra"] == {"type": "object", "additionalProperties": True}
    shown = s.json_schema(schema)["properties"]
    assert shown["id"] == {"type": "string", "format": "uuid", "readOnly": True}


class Everything(colander.MappingSchema):
    text = colander.SchemaNode(
        colander.String(),
        validator=colander.All(colander.Length(2, 9), colander.Regex(r"\A[a-z]+\Z")),
    )
    email = colander.SchemaNode(
        colander.String(), validator=colander.Email(), missing=colander.drop
    )
    odd = colander.SchemaNode(colander.String(), validator=colander.Regex("(?P<a>x)"), missing=None)
    score = colander.SchemaNode(
        colander.Float(), validator=colander.Range(0, Decimal("1.5")), missing=0.5
    )
    price = colander.SchemaNode(
        colander.Decimal(), validator=colander.Range(0), missing=Decimal("1.50")
    )
    level = colander.SchemaNode(colander.Integer(), validator=colander.OneOf([1, 2]), missing=None)
    secret = colander.SchemaNode(colander.String(), write_only=True, missing=colander.drop)
    made = colander.SchemaNode(s.Timestamp(), read_only=True, deprecated=True)
    fixed = colander.SchemaNode(s.Money(), create_only=True)
    tags = colander.SchemaNode(
        colander.Sequence(),
        colander.SchemaNode(colander.String(), name="tag"),
        validator=colander.Length(1, 5),
    )
    when = colander.SchemaNode(colander.DateTime(), missing=colander.drop)
    marks = colander.SchemaNode(colander.Set(), missing=colander.drop)
    any = colander.SchemaNode(s.AnyJSON(), missing=None)


def test_limits_formats_defaults_and_null_are_told() -> None:
    told = s.json_schema(Everything(), "create")["properties"]
    assert told["text"] == {"type": "string", "minLength": 2, "maxLength": 9, "pattern": "^[a-z]+$"}
    assert told["email"] == {"type": "string", "format": "email", "minLength": 1}
    assert told["odd"] == {"type": ["string", "null"]}
    assert told["score"] == {"type": "number", "minimum": 0, "maximum": 1.5, "default": 0.5}
    assert told["price"] == {"type": "string", "default": "1.50"}
    assert told["level"] == {"type": ["integer", "null"], "enum": [1, 2, None]}
    assert told["tags"]["minItems"] == 1
    assert told["marks"] == {"type": "array"}
    assert told["any"] == {}


def test_each_form_has_the_fields_that_it_may_hold() -> None:
    forms = {
        form: set(s.json_schema(Everything(), form)["properties"])
        for form in ("read", "create", "patch")
    }  # type: ignore[arg-type]
    assert "secret" not in forms["read"]
    assert "made" not in forms["create"]
    assert "fixed" in forms["create"]
    assert "fixed" not in forms["patch"]
    assert s.json_schema(Everything())["properties"]["made"]["deprecated"] is True
    assert s.json_schema(Everything(), "create")["properties"]["secret"]["writeOnly"] is True


def test_a_type_of_an_addon_may_tell_itself_or_be_anything() -> None:
    class Silent(colander.SchemaType):
        pass

    assert s.json_schema(colander.SchemaNode(Silent())) == {}
    with pytest.raises(NotImplementedError):
        JSONType().json_schema()
    with pytest.raises(NotImplementedError):
        JSONType().from_json(1)
    assert JSONType().to_json(1) == 1


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_comes_back_in_utc(moment: dt.datetime) -> None:
    try:
        wanted = moment.astimezone(dt.UTC)
    except OverflowError:
        return
    text = format_timestamp(wanted)
    assert text.endswith("Z")
    assert parse_timestamp(text) == wanted
    assert format_timestamp(wanted.replace(tzinfo=None)) == text


@given(st.text(max_size=30))
def test_no_other_text_is_a_moment(text: str) -> None:
    try:
        parse_timestamp(text)
    except ValueError:
        return
    assert text[10] in "Tt"


@pytest.mark.parametrize(
    ("typ", "value", "shown"),
    [
        (s.Decimal(), Decimal("1E+2"), "100"),
        (s.UUID(), "a", "a"),
        (s.OpenMap(), {"a": 1}, {"a": 1}),
        (s.Timestamp(), None, colander.null),
        (s.Timestamp(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "2026-01-01T00:00:00Z"),
    ],
)
def test_types_work_with_colander_alone(typ: Any, value: Any, shown: Any) -> None:
    node = colander.SchemaNode(typ)
    assert node.serialize(colander.null if value is None else value) == shown
    assert typ.cstruct_children(node, shown) == []
    assert node.typ.deserialize(node, colander.null) is colander.null


def test_money_may_be_of_another_class_and_may_have_parts_of_a_cent() -> None:
    typ = s.Money(make=lambda amount, currency: (amount, currency))
    assert typ.from_json({"amount": "1.005", "currency": "EUR"}) == (Decimal("1.005"), "EUR")
    assert s.Money(fractions=True).from_json(
        {"amount": "1.005", "currency": "EUR"}
    ).amount == Decimal("1.005")
    with pytest.raises(ValueError, match="decimals"):
        s.Money().from_json({"amount": "1.005", "currency": "EUR"})

    class Plain:
        amount, currency = Decimal("1.5"), "EUR"

    assert typ.to_json(Plain()) == {"amount": "1.5", "currency": "EUR"}


@given(
    st.fixed_dictionaries(
        {"text": st.text(max_size=11), "tags": st.lists(st.text(max_size=2), max_size=6),
         "fixed": st.just({"amount": "1", "currency": "EUR"})},
        optional={"score": st.integers(-1, 2), "level": st.sampled_from([None, 1, 3, "1"])},
    )
)  # fmt: skip
def test_what_the_reader_takes_the_json_schema_takes_too(document: Any) -> None:
    faults: list[Any] = []
    s.compile_reader(Everything())(document, "", faults)
    schema = s.json_schema(Everything(), "create")
    if not faults:
        jsonschema.Draft202012Validator(schema).validate(document)


def test_an_open_map_takes_values_of_the_types_that_it_names() -> None:
    node = colander.SchemaNode(s.OpenMap("string", "number", "boolean"))
    schema = s.json_schema(node)
    assert schema["additionalProperties"] == {"type": ["string", "number", "boolean"]}
    assert node.deserialize({"a": "x", "b": 1.5, "c": True}) == {"a": "x", "b": 1.5, "c": True}
    with pytest.raises(colander.Invalid, match="'a' must be one of: string, number, boolean"):
        node.deserialize({"a": [1]})
    with pytest.raises(colander.Invalid, match="number"):
        colander.SchemaNode(s.OpenMap("number")).deserialize({"a": True})
