"""Bodies: read at once where nothing can be wrong, and alike either way."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talatat.problems import Problem
from talatat.schema import body

NAMES = st.sampled_from(["a", "b", "a:b", "a\\u0062", "é", '"'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def outcome(read, raw):
    """What reading gives, exactly (1 is not 1.0 and -0.0 not 0.0), or the code of the problem."""
    try:
        return repr(read(raw))
    except Problem as problem:
        return problem.problem_code


def closely(raw):
    """The document, without the quick way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(body, "_at_once", lambda raw: None)
        return body.parse(raw)


@given(VALUES)
def test_a_document_is_the_same_read_at_once_and_closely(document):
    raw = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert outcome(body.parse, raw) == outcome(closely, raw)


@given(st.text(alphabet='{}[]",:01-.eE9 a\\u', max_size=14))
@example('{"a":1,"a":2}')
@example('{"a":1,"b":":"}')
@example('{"a":{"a":1},"a":1}')
@example('{"a":"b\\u003a","a":1}')
@example("-0")
@example("-0.0")
@example("18446744073709551616")
@example("1e999")
@example("1E5")
@example('\ufeff{"a":1}')
@example("NaN")
def test_any_text_is_read_or_refused_alike(text):
    raw = text.encode("utf-8", "surrogatepass")
    assert outcome(body.parse, raw) == outcome(closely, raw)


def test_an_ordinary_document_is_read_at_once():
    raw = b'{"customer_id": "c", "lines": [{"quantity": 2, "price": {"amount": "1.50"}}]}'
    assert body._at_once(raw) == json.loads(raw)


def test_a_name_that_occurs_twice_is_never_read_at_once():
    assert body._at_once(b'{"a": 1, "a": 2}') is None
