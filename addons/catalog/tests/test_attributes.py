"""Filters of the open map of attributes: types are the stored values', on both databases alike."""

import pytest

from talatat_catalog.attributes import problem_of

KINDS = {
    "number": {"size": 17, "clock": 1},
    "float": {"size": 17.5},
    "text": {"size": "17"},
    "word": {"size": "seventeen"},
    "truth": {"size": True},
    "falsehood": {"size": False},
    "without": {"other": 1},
}


NAMES = ["o'clock", "a.b", "$", "[0]", "ü", "a b", "x" * 200]


@pytest.fixture(scope="module")
def filled(shared):
    for sku, attributes in KINDS.items():
        shared.product(sku, attributes=attributes)
    for name in NAMES:
        shared.product(name, attributes={name: "yes"})
    return shared


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [
        ("", "17", {"number", "text"}),
        ("[eq]", "17.0", {"number"}),
        ("", "true", {"truth"}),
        ("", "seventeen", {"word"}),
        ("[ne]", "17", {"float", "word", "truth", "falsehood", "without"}),
        ("[gte]", "17", {"number", "float"}),
        ("[gt]", "17", {"float"}),
        ("[lt]", "17.5", {"number"}),
        ("[lte]", "-1", set()),
        ("[gt]", "s", {"word"}),
        ("[in]", "17.5,true", {"float", "truth"}),
        ("[nin]", "17,true,false", {"float", "word", "without"}),
        ("[contains]", "even", {"word"}),
        ("[contains]", "EVEN", set()),
        ("[prefix]", "1", {"text"}),
        ("[prefix]", "%", set()),
        ("[isnull]", "true", {"without"}),
        ("[isnull]", "false", set(KINDS) - {"without"}),
        ("", "1e999", set()),
    ],
)
def test_values_are_compared_by_their_type(filled, op, value, found):
    assert set(filled.skus(**{f"attributes.size{op}": value})) - set(NAMES) == found


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_hold_what_names_hold(filled, name):
    assert filled.skus(**{f"attributes.{name}": "yes"}) == [name]


@pytest.mark.parametrize("name", ['"', "\\", "x" * 201, "\n"])
def test_a_name_that_no_attribute_has_is_a_400(shared, name):
    shared.get(status=400, **{f"attributes.{name}": "yes"})


def test_filters_combine_with_each_other_and_with_search(catalog):
    catalog.product("a", title="red lamp", attributes={"watts": 5, "dim": True})
    catalog.product("b", title="red lamp", attributes={"watts": 50, "dim": True})
    catalog.product("c", title="red desk", attributes={"watts": 5, "dim": True})
    asked = {"q": "lamp", "attributes.watts[lt]": "10", "attributes.dim": "true"}
    assert catalog.skus(**asked) == ["a"]


def test_as_many_values_as_are_allowed_are_looked_for_at_once(filled):
    values = ",".join(map(str, range(200)))
    assert filled.skus(**{f"attributes.size{at}[in]": values for at in range(10)}) == []
    assert filled.skus(**{"attributes.size[in]": f"{values},true"[2:]}) == [
        "number",
        "text",
        "truth",
    ]


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"a": None}, "neither text"),
        ({"a": {}}, "neither text"),
        ({"a": float("inf")}, "cannot be stored"),
        ({"a": 2**63}, "cannot be stored"),
        ({"": 1}, "1 to 200"),
        ({str(n): n for n in range(1001)}, "1000 are the most"),
        ({"a": 10**399}, "cannot be stored"),
    ],
)
def test_what_attributes_cannot_hold_is_said(attributes, why):
    assert why in problem_of(attributes)


def test_what_attributes_can_hold():
    assert problem_of({"a": "", "b": 1, "c": -1.5, "d": False, "e": 2**63 - 1}) is None
