"""Names of headers in lower case."""

from hypothesis import given
from hypothesis import strategies as st

from talatat.header_names import LOWER


@given(st.text(max_size=200))
def test_a_name_is_in_lower_case_however_often_it_is_asked_for(name):
    assert [LOWER[name] for _ in range(2)] == [name.lower()] * 2


def test_only_so_many_names_are_kept_and_no_long_ones():
    before = len(LOWER)
    assert LOWER["X" * 5000] == "x" * 5000
    assert len(LOWER) == before
    for number in range(2 * LOWER.most):
        assert LOWER[f"X-{number}"] == f"x-{number}"
    assert len(LOWER) <= LOWER.most
