"""Rows are shown by the types of their schema's nodes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import colander
import orjson
import pytest
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from talatat import schema as s
from talatat.db import MoneyOf
from talatat.db.types import Money
from talatat.problems import Problem
from talatat.resources.showing.representation import KEPT_PROJECTIONS, Representation, parse_fields


class Reversed(colander.SchemaType):
    def serialize(self, node: Any, appstruct: Any) -> Any:
        return appstruct[::-1] or colander.null


class Point(colander.MappingSchema):
    x = colander.SchemaNode(colander.Integer())
    y = colander.SchemaNode(colander.Integer(), read_permission="see.y")


class Everything(colander.MappingSchema):
    text = colander.SchemaNode(colander.String())
    price = colander.SchemaNode(colander.Decimal())
    ratio = colander.SchemaNode(colander.Float())
    moment = colander.SchemaNode(colander.DateTime())
    day = colander.SchemaNode(colander.Date())
    odd = colander.SchemaNode(Reversed())
    point = Point()
    path = colander.SchemaNode(colander.Sequence(), Point(name="point"))
    days = colander.SchemaNode(colander.Sequence(), colander.SchemaNode(colander.Date()))
    tags = colander.SchemaNode(colander.Sequence(), colander.SchemaNode(colander.String()))
    deep = colander.SchemaNode(colander.String(), attribute="point.name")
    secret = colander.SchemaNode(colander.String(), write_only=True)


ROW = SimpleNamespace(
    text="a", price=Decimal("1E+1"), ratio=Decimal("0.5"),
    moment=dt.datetime(2026, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), day=dt.date(2026, 1, 1),
    odd="abc", point=SimpleNamespace(x=1, y=2, name="p"), path=[{"x": 1, "y": 2}, {"x": 3}, None],
    days=(dt.date(2026, 1, 2), None), tags=("a", "b"), secret="s",
)  # fmt: skip


def shown(fields: str | None = None, *held: str) -> Any:
    found = Representation(Everything()).projection(fields, lambda name: name in held)(ROW)
    return orjson.loads(orjson.dumps(found))


def test_every_type_has_its_form() -> None:
    assert shown(None, "see.y") == {
        "text": "a", "price": "10", "ratio": 0.5, "moment": "2026-01-01T00:00:00Z", "day": "2026-01-01",
        "odd": "cba", "point": {"x": 1, "y": 2}, "path": [{"x": 1, "y": 2}, {"x": 3, "y": None}, None],
        "days": ["2026-01-02", None], "tags": ["a", "b"], "deep": "p",
    }  # fmt: skip


def test_fields_inside_of_objects_can_be_chosen_and_protected() -> None:
    assert shown("point,path.x") == {"point": {"x": 1}, "path": [{"x": 1}, {"x": 3}, None]}
    assert shown("point.y", "see.y") == {"point": {"y": 2}}
    assert shown("point.y") == {"point": {}}
    assert shown("point.x,point") == {"point": {"x": 1}}
    for wrong in ("point.z", "text.length", "path.z", "secret", "odd.x"):
        with pytest.raises(Problem) as raised:
            shown(wrong)
        assert raised.value.problem_code == "unknown_field"


def test_a_name_after_its_whole_adds_nothing() -> None:
    assert parse_fields("a,a.b, c") == {"a": None, "c": None}
    assert parse_fields("a.b.c,a.d") == {"a": {"b": {"c": None}, "d": None}}


def test_an_empty_value_that_colander_takes_for_nothing_is_null() -> None:
    row = SimpleNamespace(**{**vars(ROW), "odd": "", "text": None})
    found = Representation(Everything()).projection("odd,text", lambda name: False)(row)
    assert found == {"odd": None, "text": None}


def test_a_sparse_field_may_have_a_default() -> None:
    schema = colander.MappingSchema()
    schema.add(
        colander.SchemaNode(
            s.Timestamp(), name="at", sparse=True, default=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        )
    )
    schema.add(colander.SchemaNode(colander.Integer(), name="points", sparse=True, default=0))
    found = Representation(schema).projection(None, lambda name: False)(
        SimpleNamespace(at=None, points=None)
    )
    assert found == {"at": "2026-01-01T00:00:00Z", "points": 0}


def test_only_so_many_projections_are_kept() -> None:
    representation = Representation(Everything())
    for number in range(KEPT_PROJECTIONS + 20):
        representation.projection(" " * number + "text", lambda name: False)
    assert len(representation._projections) == KEPT_PROJECTIONS


def test_a_text_of_any_length_is_read_and_not_kept() -> None:
    representation = Representation(Everything())
    shown = representation.projection(" " * 2000 + "text", lambda name: False)(ROW)
    assert shown == {"text": "a"}
    assert len(representation._projections) == 0


class Base(DeclarativeBase):
    pass


class Basket(Base):
    __tablename__ = "basket"
    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str]
    total_minor: Mapped[int | None]
    name: Mapped[str | None]
    lines: Mapped[list[Line]] = relationship(back_populates="basket")
    total = MoneyOf("total_minor")

    @property
    def size(self) -> int:
        return len(self.lines)


class Line(Base):
    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    basket_id: Mapped[int] = mapped_column(ForeignKey(Basket.id))
    price_minor: Mapped[int]
    basket: Mapped[Basket] = relationship(back_populates="lines")
    price = MoneyOf("price_minor", "basket.currency")


class LineSchema(colander.MappingSchema):
    price = colander.SchemaNode(s.Money())


class BasketSchema(colander.MappingSchema):
    name = colander.SchemaNode(colander.String(), missing=None)
    total = colander.SchemaNode(s.Money())
    size = colander.SchemaNode(colander.Integer())
    lines = colander.SchemaNode(colander.Sequence(), LineSchema(name="line"))


def test_an_entity_is_shown_alike_whether_its_columns_are_loaded_or_not() -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    projection = Representation(BasketSchema()).projection(None, lambda _: True)
    with Session(engine) as session:
        basket = Basket(currency="EUR", total_minor=1250, lines=[Line(price_minor=5)])
        session.add_all([basket, Basket(currency="JPY")])
        session.flush()
        loaded = projection(basket)
        session.expire_all()
        assert projection(basket) == loaded
        empty = projection(session.get(Basket, 2))
    engine.dispose()
    assert loaded == {
        "name": None,
        "total": {"amount": "12.50", "currency": "EUR"},
        "size": 1,
        "lines": [{"price": {"amount": "0.05", "currency": "EUR"}}],
    }
    assert empty == {"name": None, "total": None, "size": 0, "lines": []}


def test_rows_of_several_classes_are_each_shown_as_what_they_are() -> None:
    projection = Representation(BasketSchema()).projection("name,total", lambda _: True)
    money = Money(Decimal("1.5"), "EUR")
    other = SimpleNamespace(name="b", total=money)
    mapped = Basket(currency="EUR", total_minor=150, name="a")
    expected = {"amount": "1.50", "currency": "EUR"}
    assert [projection(one) for one in (other, mapped, other)] == [
        {"name": name, "total": expected} for name in ("b", "a", "b")
    ]
