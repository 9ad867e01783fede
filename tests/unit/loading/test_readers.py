"""Reading goes on after every broken line, and gives back exactly what was written."""

import csv
import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.errors import TalatatError
from talatat.loading import Outcome, Record, readers
from talatat.loading.readers import read
from talatat.loading.source import Source


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sources")


@pytest.fixture
def items(folder):
    def items_of(content, after=0):
        path = folder / "data"
        path.write_bytes(content)
        return list(read(Source(path), after))

    return items_of


def shown(found):
    """(line, data or code, last line) of each."""
    return [
        (item.line, item.data if isinstance(item, Record) else item.code, end)
        for item, end in found
    ]


def test_json_lines_give_their_objects_and_pass_over_empty_lines(items):
    assert shown(items(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"b": [true]}')) == [
        (1, {"a": 1}, 1),
        (4, {"b": [True]}, 4),
    ]


def test_broken_json_lines_are_rejected_with_their_number_and_reading_goes_on(items):
    found = items(b'{"a": 1}\n{"a": \n[1]\n"text"\n{"a": "\xff"}\n{"a": NaN}\n{"a": 2}\n')
    assert shown(found) == [
        (1, {"a": 1}, 1),
        (2, "malformed_json", 2),
        (3, "not_an_object", 3),
        (4, "not_an_object", 4),
        (5, "malformed_json", 5),
        (6, "malformed_json", 6),
        (7, {"a": 2}, 7),
    ]


def test_json_nested_without_end_is_one_broken_line(items):
    found = items(b'{"a": 1}\n{"a": ' + b"[" * 100_000 + b"\n")
    assert shown(found)[1] == (2, "malformed_json", 2)


def test_csv_gives_texts_by_the_names_of_the_header(items):
    found = items(b'\xef\xbb\xbfa, b\n1,"x, ""y"""\n\n2,\n')
    assert shown(found) == [(2, {"a": "1", "b": 'x, "y"'}, 2), (4, {"a": "2", "b": ""}, 4)]


def test_a_line_that_is_not_utf8_is_taken_as_latin1(items):
    found = items("a,b\nä,£\n".encode() + "ä,£\n".encode("latin-1"))
    assert [item.data for item, _ in found] == [{"a": "ä", "b": "£"}] * 2


def test_a_field_may_go_over_lines(items):
    found = items(b'a,b\n1,"two\nlines\r\nor three"\n2,x\n')
    assert shown(found) == [
        (2, {"a": "1", "b": "two\nlines\r\nor three"}, 4),
        (5, {"a": "2", "b": "x"}, 5),
    ]


def test_a_stray_quote_costs_its_own_line_only(items):
    found = items(b'a,b\n1,x\n2,"y\n3,z\n4,"fine"\n5,w\n')
    assert shown(found) == [
        (2, {"a": "1", "b": "x"}, 2),
        (3, "malformed_csv", 3),
        (4, {"a": "3", "b": "z"}, 4),
        (5, {"a": "4", "b": "fine"}, 5),
        (6, {"a": "5", "b": "w"}, 6),
    ]


def test_an_open_quote_that_another_ends_within_a_broken_record_costs_its_own_line(items):
    found = items(b'a,b\n1,"x\ny" z,2\n3,4\n')
    assert shown(found) == [
        (2, "malformed_csv", 2),
        (3, {"a": 'y" z', "b": "2"}, 3),
        (4, {"a": "3", "b": "4"}, 4),
    ]


def test_an_open_quote_that_another_ends_with_too_many_fields_costs_its_own_line(items):
    found = items(b'a,b\n1,"x\n2,y",z\n3,4\n')
    assert shown(found) == [
        (2, "malformed_csv", 2),
        (3, "wrong_field_count", 3),
        (4, {"a": "3", "b": "4"}, 4),
    ]


def test_a_header_alone_and_blank_lines_before_it_are_fine(items):
    assert items(b"\n  \na,b\n") == []


def test_an_open_quote_is_given_up_after_so_many_lines(items, monkeypatch):
    monkeypatch.setattr(readers, "LINES_OF_A_RECORD", 3)
    content = b'a,b\n1,"x\n' + b"2,y\n" * 5 + b'3,z"\n'
    assert [end for _, end in items(content)] == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"1", "wrong_field_count"),
        (b"1,2,3", "wrong_field_count"),
        (b'"1" x,2', "malformed_csv"),
        (b"1,2\r3,4", "malformed_csv"),
    ],
)
def test_a_bad_row_in_the_middle_is_rejected_and_reading_goes_on(items, line, code):
    found = items(b"a,b\n1,2\n" + line + b"\n3,4\n")
    assert shown(found) == [
        (2, {"a": "1", "b": "2"}, 2),
        (3, code, 3),
        (4, {"a": "3", "b": "4"}, 4),
    ]


@pytest.mark.parametrize(
    ("header", "why"),
    [(b"a,a\n", "names a twice"), (b"a,\n", "without a name"), (b'"a" x,b\n', "its header")],
)
def test_a_header_that_cannot_be_used_stops_the_load(items, header, why):
    with pytest.raises(TalatatError, match=why):
        items(header + b"1,2\n")


def test_a_line_too_long_is_rejected(items, monkeypatch):
    monkeypatch.setattr(readers, "LONGEST_LINE", 10)
    monkeypatch.setattr("talatat.loading.source.LONGEST_LINE", 10)
    assert shown(items(b"a,b\n" + b"1" * 30 + b",2\n3,4\n")) == [
        (2, "line_too_long", 2),
        (3, {"a": "3", "b": "4"}, 3),
    ]
    assert shown(items(b'{"a":1}\n{"a": "' + b"1" * 30 + b'"}\n{"a":3}\n')) == [
        (1, {"a": 1}, 1),
        (2, "line_too_long", 2),
        (3, {"a": 3}, 3),
    ]


FIELDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",;\n '))
ROWS = st.lists(st.tuples(FIELDS, FIELDS), max_size=8)
# Lines of only blanks are passed over; everything else must come back.
WRITTEN = ROWS.map(lambda rows: [row for row in rows if (row[0] + row[1]).strip()])


@given(rows=WRITTEN)
def test_csv_comes_back_as_it_was_written(folder, rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("one", "two"), *rows])
    path = folder / "generated.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    found = [item for item, _ in read(Source(path))]
    assert [tuple(item.data.values()) for item in found if isinstance(item, Record)] == rows


@given(values=st.lists(st.dictionaries(st.text(max_size=5), st.text() | st.booleans()), min_size=1))
def test_json_lines_come_back_as_they_were_written(folder, values):
    path = folder / "generated.jsonl"
    path.write_bytes(b"".join(orjson.dumps(value) + b"\n" for value in values))
    assert [item.data for item, _ in read(Source(path))] == values


@given(junk=st.binary(max_size=300), after=st.integers(0, 8))
def test_whatever_follows_a_header_each_line_is_read_or_rejected_and_can_be_gone_on_after(
    folder, junk, after
):
    path = folder / "junk.csv"
    path.write_bytes(b"a,b\n" + junk)
    try:
        found = list(read(Source(path)))
    except TalatatError:
        return  # the head shows that it is no text at all
    ends = [end for _, end in found]
    assert ends == sorted(set(ends))
    assert all(isinstance(item, Record | Outcome) for item, _ in found)
    if after in ends:
        assert list(read(Source(path), after)) == [one for one in found if one.end > after]
