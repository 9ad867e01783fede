"""Bodies are read strictly, by what JSON says and then by what colander says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import colander
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat import schema as s
from talatat.schema.faults import Fault
from talatat.schema.merge import merge_patch


def read(node: colander.SchemaNode, value: Any) -> tuple[Any, list[tuple[str, str]]]:
    faults: list[Fault] = []
    found = s.compile_reader(node)(value, "", faults)
    return found, [(one["pointer"], one["code"]) for one in faults]


def node(typ: Any, **options: Any) -> colander.SchemaNode:
    return colander.SchemaNode(typ, name="x", **options)


@pytest.mark.parametrize(
    ("typ", "given", "expected"),
    [
        (colander.String(), "a", "a"),
        (colander.String(allow_empty=True), "", ""),
        (colander.Integer(), 5, 5),
        (colander.Integer(), 5.0, 5),
        (colander.Float(), 1, 1.0),
        (colander.Decimal(), "1.50", Decimal("1.50")),
        (colander.Boolean(), False, False),
        (colander.Date(), "2026-01-31", dt.date(2026, 1, 31)),
        (colander.Set(), ["a"], {"a"}),
        (s.UUID(), "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5d-ac96-774b-bcce-b302099a8057"),
        (s.Decimal(), "-1.50", Decimal("-1.50")),
        (s.Timestamp(), "2026-01-31T01:00:00.123456789+01:00", dt.datetime(2026, 1, 31, 0, 0, 0, 123456, dt.UTC)),
        (s.Timestamp(), "2026-01-31t01:00:00z", dt.datetime(2026, 1, 31, 1, tzinfo=dt.UTC)),
        (s.OpenMap(), {"a": [None]}, {"a": [None]}),
        (s.AnyJSON(), [1, "a"], [1, "a"]),
    ],
)  # fmt: skip
def test_what_fits_is_read(typ: Any, given: Any, expected: Any) -> None:
    assert read(node(typ), given) == (expected, [])


@pytest.mark.parametrize(
    ("typ", "given"),
    [
        (colander.String(), 5), (colander.String(), None), (colander.String(), ["a"]), (colander.String(), ""),
        (colander.Integer(), "5"), (colander.Integer(), True), (colander.Integer(), 5.5), (colander.Integer(), 2**63),
        (colander.Float(), "1"), (colander.Float(), True), (colander.Float(), 10**400),
        (colander.Decimal(), 1.5), (colander.Decimal(), "x"), (colander.Boolean(), 0), (colander.Boolean(), "true"),
        (colander.Date(), 5), (colander.Date(), "31.1.2026"), (colander.Set(), "a"), (s.UUID(), "x"), (s.UUID(), 1),
        (s.UUID(), "{01890a5d-ac96-774b-bcce-b302099a8057}"), (s.Decimal(), 7), (s.Decimal(), 1.5), (s.Decimal(), "NaN"), (s.Decimal(), True),
        (s.Timestamp(), "2026-01-31 01:00:00Z"), (s.Timestamp(), "2026-13-31T01:00:00Z"), (s.Timestamp(), 0),
        (s.Money(), {"amount": "1"}), (s.Money(), {"amount": "1e3", "currency": "EUR"}), (s.OpenMap(), "x"), (s.OpenMap(), None),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(typ: Any, given: Any) -> None:
    found, faults = read(node(typ), given)
    assert found is s.INVALID
    assert [pointer for pointer, _ in faults] == [""]


def test_null_is_a_value_where_missing_is_none_or_nullable_says_so() -> None:
    assert read(node(colander.String(), missing=None), None) == (None, [])
    assert read(node(colander.String(), nullable=True), None) == (None, [])
    assert read(node(s.Money(), missing=None), None) == (None, [])
    assert read(node(colander.String(), missing="x"), None) == (s.INVALID, [("", "null")])


def stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class Line(colander.MappingSchema):
    sku = colander.SchemaNode(
        colander.String(), preparer=stripped, validator=colander.Regex(r"[a-z]+$")
    )
    count = colander.SchemaNode(
        colander.Integer(), missing=1, validator=colander.All(colander.Range(min=1))
    )


class Lines(colander.SequenceSchema):
    line = Line()


def total(schema: Any, value: Any) -> None:
    if sum(line["count"] for line in value["lines"]) > 9:
        invalid = colander.Invalid(schema, "is too much")
        invalid["lines"] = "hold more than nine"
        raise invalid


class Basket(colander.MappingSchema):
    lines = Lines(validator=colander.Length(1, 3))
    note = colander.SchemaNode(colander.String(), missing=colander.drop)
    made = colander.SchemaNode(colander.String(), read_only=True, missing=None)


def test_objects_and_lists_are_read_with_defaults() -> None:
    found, faults = read(Basket(), {"lines": [{"sku": " a "}, {"sku": "b", "count": 2}]})
    assert faults == []
    assert found == {"lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]}


def test_all_faults_are_told_with_their_pointers() -> None:
    _, faults = read(
        Basket(), {"lines": [{"sku": "A", "count": 0}, 7, {"colour": 1}], "x/y": 1, "made": "m"}
    )
    assert set(faults) == {
        ("/lines/0/sku", "pattern"), ("/lines/0/count", "range"), ("/lines/1", "type"),
        ("/lines/2/sku", "required"), ("/lines/2/colour", "unknown"), ("/x~1y", "unknown"), ("/made", "read_only"),
    }  # fmt: skip


def test_rules_of_lists_and_objects_hold() -> None:
    assert read(Basket(), {"lines": []}) == (s.INVALID, [("/lines", "length")])
    assert read(Basket(), {"lines": "x"}) == (s.INVALID, [("/lines", "type")])
    assert read(Basket(), []) == (s.INVALID, [("", "type")])
    _, faults = read(Basket(validator=total), {"lines": [{"sku": "a", "count": 10}]})
    assert faults == [("", "invalid"), ("/lines", "invalid")]


def test_preparers_of_objects_run_and_open_mappings_keep_what_they_do_not_know() -> None:
    open_node = colander.SchemaNode(
        colander.Mapping(unknown="preserve"), node(colander.Integer(), missing=colander.drop),
        preparer=[lambda value: {**value, "prepared": True}],
    )  # fmt: skip
    assert read(open_node, {"y": [1]}) == ({"y": [1], "prepared": True}, [])
    assert read(colander.SchemaNode(colander.Mapping(), missing=None), None) == (None, [])
    assert read(
        colander.SchemaNode(colander.Sequence(), node(colander.Integer()), missing=None), None
    ) == (None, [])


def test_errors_of_colander_are_translated_with_pointers() -> None:
    with pytest.raises(colander.Invalid) as raised:
        Basket().deserialize({"lines": [{"sku": "a", "count": "many"}, {}]})
    found = [(one["pointer"], one["code"]) for one in s.faults_of(raised.value)]
    assert found == [("/lines/0/count", "range"), ("/lines/1/sku", "required")]
    strict = colander.SchemaNode(colander.Mapping(unknown="raise"))
    with pytest.raises(colander.Invalid) as raised:
        strict.deserialize({"a": 1})
    assert [one["code"] for one in s.faults_of(raised.value)] == ["unknown"]
    several = node(
        colander.String(), validator=colander.All(colander.Length(2), colander.Regex("b"))
    )
    with pytest.raises(colander.Invalid) as raised:
        several.deserialize("a")
    (only,) = s.faults_of(raised.value)
    assert only["code"] == "invalid"
    assert ";" in only["detail"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def without_null(value: Any) -> Any:
    """RFC 7396 cannot say null inside of an object."""
    if isinstance(value, dict):
        return {name: without_null(one) for name, one in value.items() if one is not None}
    return value


@given(target=JSON)
def test_an_empty_patch_changes_no_object(target: Any) -> None:
    assert merge_patch(target, {}) == (target if isinstance(target, dict) else {})


@given(target=JSON, patch=JSON)
def test_a_patch_applied_twice_is_the_patch_applied_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(target=JSON, document=OBJECTS)
def test_a_patch_can_lead_to_every_document_without_null(target: Any, document: Any) -> None:
    def difference(old: Any, new: Any) -> Any:
        if not isinstance(new, dict):
            return new
        old = old if isinstance(old, dict) else {}
        gone = dict.fromkeys(old.keys() - new.keys())
        return gone | {name: difference(old.get(name), value) for name, value in new.items()}

    wanted = without_null(document)
    assert merge_patch(target, difference(target, wanted)) == wanted


@given(target=OBJECTS, patch=OBJECTS)
def test_a_patch_leaves_its_arguments_and_what_it_does_not_name(target: Any, patch: Any) -> None:
    import copy

    before = copy.deepcopy((target, patch))
    merged = merge_patch(target, patch)
    assert (target, patch) == before
    for name in target.keys() - patch.keys():
        assert merged[name] == target[name]
    for name, value in patch.items():
        assert (name in merged) == (value is not None)


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [  # the examples of RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}), ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}), ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]), ({"a": "foo"}, None, None), ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}), ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)  # fmt: skip
def test_the_examples_of_the_rfc_hold(target: Any, patch: Any, expected: Any) -> None:
    assert merge_patch(target, patch) == expected
