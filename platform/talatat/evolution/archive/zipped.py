"""Archive files: a zip with `manifest.json` and the rows of each table, one JSON line a row.

A file is written under another name, made durable, read back and compared, and only then gets its own
name: a file that has that name is whole. It ends with the SHA-256 of all that stands before, as the zip's
comment. Reading and writing stream, whatever the number of rows.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote

from talatat.evolution.archive.checksums import Sum
from talatat.evolution.archive.contents import Lines, counted
from talatat.evolution.archive.manifest import Manifest, TableEntry, from_json
from talatat.evolution.graph import EvolutionError

MANIFEST = "manifest.json"
_LEVEL = 1  # rows shrink to a tenth all the same, in a fraction of the time
_SEAL = 64
_LARGEST_MANIFEST = 64 << 20  # unpacked; thousands of tables with the texts of their revisions
_BLOCK = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError,
    struct.error,
)  # fmt: skip


def refuse_existing(path: Path) -> None:
    """Raise EvolutionError where a file cannot be written: nothing is ever overwritten."""
    if path.exists():
        raise EvolutionError(f"{path}: this file exists already. Name another, or move it away.")
    if not path.parent.is_dir():
        raise EvolutionError(f"{path}: there is no folder {path.parent}. Make it, or name another.")


def write_archive(path: Path, manifest: Manifest, lines: Lines) -> Manifest:
    """Write an archive file and verify it; return the manifest with its counts and checksums.

    `path` is the name that `appearing` gives. Raises EvolutionError.
    """
    with (
        path.open("wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as file,
    ):

        def written(table: TableEntry) -> Iterator[bytes]:
            with (
                file.open(_member(table), "w", force_zip64=True) as member,
                io.BufferedWriter(member, _BLOCK) as buffer,
            ):
                for line in lines(table):
                    buffer.write(line + b"\n")
                    yield line

        manifest = counted(manifest, written)
        file.writestr(MANIFEST, json.dumps(manifest.as_json(), indent=1, ensure_ascii=False))
    seal(path)
    verify(ArchiveFile(path))
    return manifest


def seal(path: Path) -> None:
    """End a zip with the SHA-256 of its bytes, and make it durable."""
    with zipfile.ZipFile(path, "a") as file:
        file.comment = bytes(_SEAL)
    with path.open("r+b") as stream:
        found = _digest(stream)
        stream.seek(-_SEAL, os.SEEK_END)
        stream.write(found)
        stream.flush()
        os.fsync(stream.fileno())


def _digest(stream: IO[bytes]) -> bytes:
    """The SHA-256, in hex, of all of a file but its seal."""
    left = stream.seek(0, os.SEEK_END) - _SEAL
    stream.seek(0)
    found = hashlib.sha256()
    while left > 0 and (block := stream.read(min(left, _BLOCK))):
        found.update(block)
        left -= len(block)
    return found.hexdigest().encode()


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield a name to write to; a file of it gets its own when the block ends, and vanishes if it raises.

    It is for its owner alone, as what is in it was. One that nothing was written to vanishes too. Raises EvolutionError where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.unlink(missing_ok=True)  # of a run that was killed
        draft.touch(0o600, exist_ok=False)  # never through a link that somebody put there
        yield draft
        if draft.stat().st_size:
            draft.rename(path)
            _sync_folder(path.parent)
    except OSError as error:
        raise EvolutionError(
            f"{path}: the file cannot be written ({error.strerror or error}). Nothing was changed; make "
            f"room or name another file, and run the command again."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


class ArchiveFile:
    """An archive file that is read. Raises EvolutionError for one that is damaged or no archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._opened() as file, self._worded():
            self._require_seal()
            with file.open(MANIFEST) as member:
                text = member.read(_LARGEST_MANIFEST + 1)
            if len(text) > _LARGEST_MANIFEST:
                raise ValueError(f"its {MANIFEST} is larger than {_LARGEST_MANIFEST} bytes")
            document = json.loads(text)
        self.manifest = from_json(document, str(path))

    def lines(self, table: TableEntry) -> Iterator[bytes]:
        """Yield the rows of a table, as lines. Raises EvolutionError where they are damaged."""
        with self._opened() as file, self._worded(), file.open(_member(table)) as member:
            for line in io.BufferedReader(cast(io.RawIOBase, member), _BLOCK):
                yield line.rstrip(b"\n")

    def _require_seal(self) -> None:
        with self.path.open("rb") as stream:
            found = _digest(stream)
            if stream.read() != found:
                raise ValueError("its bytes are not those that were written")

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            stream: IO[bytes] = self.path.open("rb")
        except OSError as error:
            raise EvolutionError(
                f"{self.path}: the archive cannot be read ({error.strerror}). Name a file that "
                f"`talatat archive INI ADDON --file FILE` wrote."
            ) from error
        with stream:
            with self._worded():
                file = zipfile.ZipFile(stream)
            with file:
                yield file

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise EvolutionError(
                f"{self.path}: the archive is damaged or cut off ({type(error).__name__}: {error}), or no "
                f"archive at all. Nothing was restored. Take another copy of the file."
            ) from error


def verify(file: ArchiveFile, watch: Callable[[TableEntry], object] | None = None) -> None:
    """Read all rows and compare counts and checksums with the manifest. Raises EvolutionError."""
    for table in file.manifest.filled():
        found = Sum()
        for line in file.lines(table):
            found.add(line)
        if (found.rows, found.checksum) != (table.rows, table.checksum):
            raise EvolutionError(
                f"{file.path}: table {table.name} has {found.rows} rows with checksum "
                f"{found.checksum[:12]}, where the manifest says {table.rows} with {table.checksum[:12]}. "
                f"The archive was changed or damaged: take another copy of it."
            )
        if watch is not None:
            watch(table)


def _member(table: TableEntry) -> str:
    return f"rows/{quote(table.name, safe='')}.jsonl"


def _sync_folder(folder: Path) -> None:
    """Make a name in a folder durable, as far as the system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
