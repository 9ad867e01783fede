"""Duplicates are counted by content, and counting again changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from talatat_orders.history.loader import Occurrences

contents = st.lists(st.integers(0, 4), max_size=40)


@given(contents)
def test_the_nth_line_of_a_content_is_its_nth_occurrence(lines):
    occurrences = Occurrences()
    for number, content in enumerate(lines):
        assert occurrences.of(content, number) == lines[: number + 1].count(content)


@given(contents, st.integers(0, 40))
def test_a_batch_that_is_given_again_gets_the_same_numbers(lines, begin):
    occurrences = Occurrences()
    first = [occurrences.of(content, number) for number, content in enumerate(lines)]
    again = [occurrences.of(lines[n], n) for n in range(begin, len(lines))]
    assert again == first[begin:]


def test_a_file_of_one_repeated_line_is_counted_in_linear_time():
    occurrences = Occurrences()
    assert [occurrences.of(7, n) for n in range(200_000)][-1] == 200_000
