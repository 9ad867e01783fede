"""What reading the code of a property tells: which columns it takes, and when it cannot be told."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import (
    Mapped,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    with_loader_criteria,
)

from talatat.resources.showing.told import COLUMN, Unread, members_of, only_loads, view_of


class Base(orm.DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "told_owner"
    id: Mapped[int] = mapped_column(primary_key=True)


class Thing(Base):
    __tablename__ = "told_thing"
    RATE = 0
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    units: Mapped[int]
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey(Owner.id))
    owner: Mapped[Owner] = relationship(Owner)

    def doubled(self) -> int:
        return self.units * 2

    @property
    def total(self) -> int:
        return sum(self.doubled() for _ in "ab") + self.RATE

    @property
    def owned(self) -> bool:
        return self.owner is not None

    @property
    def own_type(self) -> bool:
        return type(self) is Thing


def value(attribute: Any) -> Any:
    """The attribute on a view of a row whose units are 3."""
    members = members_of(Thing, [attribute])
    columns = [name for name, member in members.items() if member is COLUMN]
    assert columns == ["units"]
    read = view_of(Thing, members, {"units": 0})((3,))
    return attribute(read) if callable(attribute) else getattr(read, attribute)


def test_a_view_has_what_was_told_and_the_functions_of_the_model() -> None:
    assert value("total") == 12
    assert value(lambda thing: thing.total + 1) == 13
    assert value(lambda thing: isinstance(thing, Thing) and thing.units) == 3


@pytest.mark.parametrize("attribute", ["owner", "owned", "own_type", "nothing_like_that", str])
def test_what_no_column_tells_is_refused(attribute: Any) -> None:
    with pytest.raises(Unread):
        members_of(Thing, [attribute])


@pytest.mark.parametrize(
    "use",
    [
        str, repr, bool, len, hash, iter, dir, "{}".format, lambda view: view == 1, lambda view: view != 1,
        lambda view: view.name, lambda view: getattr(view, "name", None), lambda view: hasattr(view, "name"),
    ],
)  # fmt: skip
def test_a_view_pretends_nothing_that_was_not_told(use: Any) -> None:
    view = view_of(Thing, {"units": COLUMN}, {"units": 0})((3,))
    with pytest.raises(Unread):
        use(view)


def swallowing(view: Any) -> Any:
    try:
        return view.name
    except Exception:  # as an addon may write it
        return "nobody"


def test_code_that_takes_every_exception_cannot_take_it_for_an_answer() -> None:
    with pytest.raises(Unread):
        swallowing(view_of(Thing, {}, {})(()))


def loads_one(self: Any, request: Any) -> Any:
    return (selectinload(Thing.owner).joinedload(Owner.id),)


def loads_two(self: Any, request: Any) -> Any:
    return [joinedload(Thing.owner), selectinload(Thing.owner)]


def loads_nothing(self: Any, request: Any) -> Any:
    return ()


def narrows(self: Any, request: Any) -> Any:
    return (with_loader_criteria(Thing, Thing.units > 0),)


def narrows_by_module(self: Any, request: Any) -> Any:
    return (orm.with_loader_criteria(Thing, Thing.units > 0),)


def asks_another(self: Any, request: Any) -> Any:
    return narrows(self, request)


def asks_itself(self: Any, request: Any) -> Any:
    return self.options_of(request)


def imports(self: Any, request: Any) -> Any:
    from sqlalchemy.orm import with_expression

    return (with_expression(Thing.units, 1),)


def wrapped(function: Any) -> Any:
    def load_options(self: Any, request: Any) -> Any:
        return function(self, request)

    return load_options


def test_options_that_only_load_are_told_from_those_that_may_narrow() -> None:
    assert all(map(only_loads, (loads_one, loads_two, loads_nothing)))
    others = (narrows, narrows_by_module, asks_another, asks_itself, imports, wrapped(narrows), len)
    assert not any(map(only_loads, others))
