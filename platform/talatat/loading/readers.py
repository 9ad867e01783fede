"""From a source's lines to records, one broken line at a time.

A line that cannot be read is an outcome ("rejected", with its number), never the end of the load. CSV
is read line by line for that: a stray quote would otherwise swallow every line up to the next one. A
quoted field may go over lines, as long as the record that comes out has the header's fields.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from talatat.errors import TalatatError
from talatat.loading.records import Outcome, Record
from talatat.loading.source import LONGEST_LINE, Source

# How many lines a quoted field may go over before its opening quote counts as stray.
LINES_OF_A_RECORD = 200


class Read(NamedTuple):
    """A record, or why there is none; `end` is the last line that belongs to it."""

    item: Record | Outcome
    end: int


def read(source: Source, after: int = 0) -> Iterator[Read]:
    """Yield what stands on the lines after number `after` (a `Read.end`, or 0 for all).

    Empty lines are passed over. Raises TalatatError for a CSV header that cannot be used, and for a
    damaged file.
    """
    if source.format == "jsonl":
        return read_jsonl(source, after)
    return CSVReader(source).read(after)


def read_jsonl(source: Source, after: int = 0) -> Iterator[Read]:
    """Yield the objects of a JSON lines file."""
    for number, line in enumerate(source.lines(), 1):
        if number <= after:
            continue
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if text.strip():
            yield Read(_json_record(number, text), number)


def _json_record(number: int, line: bytes) -> Record | Outcome:
    if len(line) > LONGEST_LINE:
        return _too_long(number)
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Outcome(number, "rejected", "malformed_json", f"not JSON: {error}")
    if not isinstance(value, dict):
        return Outcome(number, "rejected", "not_an_object", "a line holds one JSON object")
    return Record(number, value)


def _too_long(number: int) -> Outcome:
    return Outcome(number, "rejected", "line_too_long", f"longer than {LONGEST_LINE} bytes")


class CSVReader:
    """The records of one CSV file: UTF-8, and Latin-1 for the lines that are not."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = enumerate(source.lines(), 1)
        # Lines read ahead for a quoted field, and given back because the quote was stray.
        self.returned: deque[tuple[int, bytes]] = deque()
        self.header: list[str] = []

    def read(self, after: int = 0) -> Iterator[Read]:
        """Yield the records on the lines after number `after`; the header is read in any case."""
        header_end = self._read_header()
        after = max(after, header_end)
        while taken := self._next():
            number, line = taken
            if number <= after or not line.strip():
                continue
            yield self._record(number, line)

    def _next(self) -> tuple[int, bytes] | None:
        return self.returned.popleft() if self.returned else next(self.lines, None)

    def _read_header(self) -> int:
        while taken := self._next():
            number, line = taken
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                break
        else:
            return 0
        try:
            names = self._parsed(decoded(line.removeprefix(b"\xef\xbb\xbf")))
        except csv.Error as error:
            raise self.source.unsupported(f"its header: {error}", "Mend the first line.") from None
        self.header = [name.strip() for name in names]
        double = sorted({name for name in self.header if self.header.count(name) > 1})
        if double or "" in self.header:
            what = f"names {', '.join(double)} twice" if double else "has a field without a name"
            raise TalatatError(
                f"{self.source.path}, line {number}: the header {what}. Give each field one name."
            )
        return number

    def _record(self, number: int, line: bytes) -> Read:
        if len(line) > LONGEST_LINE:
            return Read(_too_long(number), number)
        try:
            return Read(self._made(number, self._parsed(decoded(line))), number)
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                return Read(Outcome(number, "rejected", "malformed_csv", str(error)), number)
        return self._over_lines(number, line)

    def _over_lines(self, number: int, line: bytes) -> Read:
        """Read a record whose quoted field is open at the end of its first line."""
        ahead: list[tuple[int, bytes]] = []
        text, size = decoded(line), len(line)
        while len(ahead) < LINES_OF_A_RECORD and size <= LONGEST_LINE and (more := self._next()):
            ahead.append(more)
            size += len(more[1])
            text += decoded(more[1])
            if b'"' not in more[1]:
                continue
            try:
                fields = self._parsed(text)
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    continue
                break
            if len(fields) == len(self.header):
                return Read(self._made(number, fields), more[0])
            break
        self.returned.extendleft(reversed(ahead))
        return Read(Outcome(number, "rejected", "malformed_csv", "a quote is not closed"), number)

    def _parsed(self, text: str) -> list[str]:
        # As one piece: line breaks within quotes are the field's own, any other is an error.
        fields: list[str] = next(csv.reader([text], delimiter=self.source.delimiter, strict=True))
        return fields

    def _made(self, number: int, fields: list[str]) -> Record | Outcome:
        if len(fields) != len(self.header):
            detail = f"{len(fields)} fields where the header has {len(self.header)}"
            return Outcome(number, "rejected", "wrong_field_count", detail)
        return Record(number, dict(zip(self.header, fields, strict=True)))


def decoded(line: bytes) -> str:
    """Return the text of a line: UTF-8, or Latin-1 where it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")
