"""What a source file is, is found out from its content; its name says nothing."""

import gzip
import lzma

import pytest

from talatat.errors import TalatatError
from talatat.loading import source as sources
from talatat.loading.source import Source

JSON_LINES = b'{"a": 1}\n{"a": 2}\n'
CSV = b"a,b\n1,2\n"
PACKERS = {"plain": bytes, "gz": gzip.compress, "xz": lzma.compress}


def source(tmp_path, content, name="data"):
    path = tmp_path / name
    path.write_bytes(content)
    return Source(path)


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize(("content", "kind"), [(JSON_LINES, "jsonl"), (CSV, "csv")])
def test_format_and_packing_are_recognised_whatever_the_name(tmp_path, packed, content, kind):
    found = source(tmp_path, PACKERS[packed](content), "misnamed.zip")
    assert found.format == kind
    assert list(found.lines()) == content.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("header", "delimiter"), [("a,b;c,d", ","), ("a;b;c", ";"), ("a\tb", "\t"), ("a|b|c", "|")]
)
def test_the_delimiter_is_the_one_that_the_header_has_most_of(tmp_path, header, delimiter):
    assert source(tmp_path, header.encode()).delimiter == delimiter


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b'[{"a": 1}]', "JSON array"),
        (b"PK\x03\x04rest", "zip"),
        (b"BZh91AY", "bzip2"),
        (b"\x28\xb5\x2f\xfdrest", "zstd"),
        (b"\x89PNG\x00\x00", "binary"),
        ("a,b\n".encode("utf-16"), "UTF-16"),
        (b"only words in a line\n", "not a header"),
        (gzip.compress(CSV, mtime=0)[:12], "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path, content, why):
    with pytest.raises(TalatatError, match=why) as refused:
        source(tmp_path, content)
    assert str(tmp_path / "data") in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TalatatError, match=r"absent\.csv cannot be read: No such file"):
        Source(tmp_path / "absent.csv")


def test_a_folder_is_no_source(tmp_path):
    with pytest.raises(TalatatError, match="cannot be read"):
        Source(tmp_path)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_file_that_ends_too_early_says_after_which_line(tmp_path, pack):
    # Enough that the head can be read and the end is missing.
    lines = b"".join(b'{"number": %d, "noise": "%d"}\n' % (n, n**9) for n in range(60_000))
    found = source(tmp_path, pack(lines)[:-40])
    with pytest.raises(TalatatError, match=r"damaged after line \d+"):
        list(found.lines())


def test_the_digest_tells_sources_apart_and_is_stable(tmp_path):
    first = source(tmp_path, CSV, "one")
    assert first.digest() == source(tmp_path, CSV, "two").digest()
    assert first.digest() != source(tmp_path, CSV + b"3,4\n", "three").digest()


def test_a_line_without_end_is_cut_and_the_next_one_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LONGEST_LINE", 20)
    found = source(tmp_path, b"a,b\n" + b"x" * 95 + b"\n1,2\n")
    assert [len(line) for line in found.lines()] == [4, 21, 4]


def test_the_position_goes_from_start_to_end(tmp_path):
    found = source(tmp_path, JSON_LINES)
    assert found.position == 0
    lines = found.lines()
    next(lines)
    assert 0 < found.position <= found.size
    list(lines)
    assert found.position == 0
