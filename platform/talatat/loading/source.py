"""A source file: what it is, found out from its content, and its lines.

Its name says nothing: exports are renamed, and `.csv` files are sometimes compressed. Compressed or
not is in the first bytes; JSON lines begin with `{`; anything else whose first line has several fields
is CSV.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from talatat.errors import TalatatError

Format = Literal["csv", "jsonl"]
# A line that goes on for longer is not one of a CSV or JSON lines file; memory stays bounded.
LONGEST_LINE = 16 * 2**20
_PEEK = 64 * 2**10
_END = 2**20
_PACKED = {
    b"\x1f\x8b": "gz",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_DAMAGED = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)


class Source:
    """One file to load. `size` is in bytes as stored, `format` and `delimiter` say how to read it.

    Raises TalatatError when the file is not there or its format is not supported.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._stored: IO[bytes] | None = None
        try:
            self.size = self.path.stat().st_size
            with self.path.open("rb") as stored:
                head = stored.read(8)
        except OSError as error:
            raise TalatatError(
                f"{self.path} cannot be read: {error.strerror}. Name a file that exists and may be read."
            ) from None
        self.packed = next(
            (kind for magic, kind in _PACKED.items() if head.startswith(magic)), None
        )
        if self.packed not in (None, "gz", "xz"):
            raise self.unsupported(f"it is {self.packed}", "Pack it as gz or xz, or unpack it.")
        self.format, self.delimiter = self._recognised()

    def unsupported(self, why: str, mend: str) -> TalatatError:
        """Return the error for a file that no reader can read."""
        return TalatatError(
            f"{self.path} is not a supported format ({why}). CSV and JSON lines can be loaded, plain, "
            f"gz or xz. {mend}"
        )

    @property
    def position(self) -> int:
        """How many bytes of the stored file were read so far."""
        return 0 if self._stored is None or self._stored.closed else self._stored.tell()

    def digest(self) -> str:
        """Return what tells this source from another: its size, its first and its last megabyte."""
        digest = hashlib.sha256(str(self.size).encode())
        with self.path.open("rb") as stored:
            digest.update(stored.read(_END))
            stored.seek(max(self.size - _END, 0))
            digest.update(stored.read(_END))
        return digest.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """Yield each line with its end; one that is longer than LONGEST_LINE is cut there.

        Raises TalatatError where a compressed file is damaged or ends too early.
        """
        number = 0
        with self.path.open("rb") as self._stored:
            stream = self._unpacked(self._stored)
            try:
                while line := stream.readline(LONGEST_LINE + 1):
                    number += 1
                    yield line
                    while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                        line = stream.readline(LONGEST_LINE + 1)
            except _DAMAGED as error:
                raise TalatatError(
                    f"{self.path} is damaged after line {number}: {error}. What came before is loaded. "
                    "Get the file again and load it anew."
                ) from None

    def _unpacked(self, stored: IO[bytes]) -> io.BufferedIOBase:
        if self.packed == "gz":
            return io.BufferedReader(gzip.GzipFile(fileobj=stored))
        if self.packed == "xz":
            return io.BufferedReader(lzma.LZMAFile(stored))
        return stored  # type: ignore[return-value]

    def _recognised(self) -> tuple[Format, str]:
        head = self._head()
        if not head.strip(b"\xef\xbb\xbf \t\r\n"):
            raise self.unsupported("it is empty", "Name a file with records.")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise self.unsupported(
                "it is UTF-16", f"iconv -f utf-16 -t utf-8 {self.path} > utf8.csv"
            )
        if b"\x00" in head:
            raise self.unsupported("it is binary", "Export it as CSV or JSON lines.")
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text.startswith(b"{"):
            return "jsonl", ""
        if text.startswith(b"["):
            raise self.unsupported(
                "it is one JSON array", f"One object a line: jq -c '.[]' {self.path} > lines.jsonl"
            )
        header = text.splitlines()[0]
        delimiter = max(b",;\t|", key=lambda code: header.count(bytes([code])))
        if bytes([delimiter]) not in header:
            raise self.unsupported(
                "its first line is not a header of several fields",
                "The first line of a CSV file names its fields, separated by commas.",
            )
        return "csv", chr(delimiter)

    def _head(self) -> bytes:
        try:
            with self.path.open("rb") as stored:
                return self._unpacked(stored).read(_PEEK)
        except _DAMAGED as error:
            raise self.unsupported(f"it is damaged: {error}", "Get the file again.") from None


def synced(stream: IO[bytes]) -> None:
    """Write what is buffered and wait until the disk has it."""
    stream.flush()
    os.fsync(stream.fileno())
