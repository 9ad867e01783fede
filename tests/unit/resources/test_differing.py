"""What of a changed document was meant as a write: not what it shares with what was shown."""

from __future__ import annotations

import colander

from talatat.resources.writing.differing import REMOVED, difference, writable


class Line(colander.MappingSchema):
    sku = colander.SchemaNode(colander.String())
    total = colander.SchemaNode(colander.Integer(), read_only=True)


class Place(colander.MappingSchema):
    city = colander.SchemaNode(colander.String())
    line = Line()


class Order(colander.MappingSchema):
    name = colander.SchemaNode(colander.String())
    lines = colander.SchemaNode(colander.Sequence(), Line())
    place = Place()
    tags = colander.SchemaNode(colander.Sequence(), colander.SchemaNode(colander.String()))


BEFORE = {
    "name": "a",
    "lines": [{"sku": "x", "total": 3}, {"sku": "y", "total": 5}],
    "place": {"city": "Thebes", "line": {"sku": "z", "total": 1}},
    "tags": ["t"],
}


def test_a_difference_has_what_is_new_what_is_changed_and_what_is_gone() -> None:
    after = {"name": "a", "lines": [], "place": BEFORE["place"], "more": None}
    assert difference(BEFORE, after) == {"lines": [], "more": None, "tags": REMOVED}
    assert difference({"a": 1, "b": {"x": 1, "y": 2}}, {"a": True, "b": {"y": 2, "x": 1}}) == {
        "a": True
    }


def test_read_only_members_inside_of_fields_may_stay_and_may_move() -> None:
    lines = [{"sku": "y", "total": 5}, {"sku": "new", "total": 3}, {"sku": "own"}]
    found = writable(Order(), BEFORE, {**BEFORE, "lines": lines})
    assert found["lines"] == [{"sku": "y"}, {"sku": "new"}, {"sku": "own"}]
    assert found["place"] == {"city": "Thebes", "line": {"sku": "z"}}
    assert found["tags"] == ["t"]


def test_read_only_members_that_were_not_shown_stay_for_the_schema_to_refuse() -> None:
    place = {"city": "Memphis", "line": {"sku": "z", "total": 2}}
    after = {"lines": [{"sku": "x", "total": 9}, 5], "place": place, "tags": 7}
    assert writable(Order(), BEFORE, after) == after
    assert writable(Order(), {}, after) == after
    assert writable(Order(), BEFORE, {"lines": "x", "place": []}) == {"lines": "x", "place": []}
