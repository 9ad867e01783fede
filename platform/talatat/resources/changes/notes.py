"""`Notes`: what one transaction has changed so far, layered so that a savepoint can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Key = tuple[str, str]
"""(table of the resource, id of the row)"""


@dataclass(frozen=True)
class Note:
    """The latest change of one row. `version` and `kept` are those of a deleted one."""

    deleted: bool = False
    version: int | None = None
    kept: dict[str, Any] | None = None


@dataclass
class Layer:
    """What happened since a savepoint: notes, and rows of parts that were deleted, for their owners."""

    notes: dict[Key, Note] = field(default_factory=dict)
    parts: dict[Key, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)


class Notes:
    """The notes of one transaction on one connection."""

    def __init__(self) -> None:
        self._layers = [Layer()]

    def __bool__(self) -> bool:
        return any(layer.notes for layer in self._layers)

    def touch(self, key: Key) -> None:
        """A row, or what belongs to it, was written. One that was deleted stays deleted."""
        if self.of(key) is None:
            self._layers[-1].notes[key] = Note()

    def made(self, key: Key) -> None:
        """A row was inserted."""
        self._layers[-1].notes[key] = Note()

    def gone(self, key: Key, version: int | None, kept: dict[str, Any] | None) -> None:
        """A row was deleted; one of a joined table is told of more than once."""
        note = Note(True, version, kept)
        before = self.of(key)
        if before is not None and before.deleted:
            both = {**(before.kept or {}), **(kept or {})} or None
            note = replace(note, version=version or before.version, kept=both)
        self._layers[-1].notes[key] = note

    def part_gone(self, key: Key, table: str, row: dict[str, Any]) -> None:
        """A row of `table` that belongs to the row `key` was deleted, perhaps with it."""
        rows = self._layers[-1].parts.setdefault(key, {}).setdefault(table, [])
        if row not in rows:
            rows.append(row)

    def taken(self) -> Iterator[tuple[Key, Note]]:
        """All notes, sorted; there are none afterwards."""
        notes: dict[Key, Note] = {}
        parts: dict[Key, dict[str, list[dict[str, Any]]]] = {}
        for layer in self._layers:
            notes |= layer.notes
            for key, tables in layer.parts.items():
                for table, rows in tables.items():
                    parts.setdefault(key, {}).setdefault(table, []).extend(rows)
            layer.notes, layer.parts = {}, {}
        for key in sorted(notes):
            note = notes[key]
            if note.kept is not None and key in parts:
                note = replace(note, kept={**parts[key], **note.kept})
            yield key, note

    def clear(self) -> None:
        """Forget everything: the transaction was rolled back."""
        self._layers = [Layer()]

    def begin_savepoint(self) -> None:
        """What follows may be taken back."""
        self._layers.append(Layer())

    def roll_back_savepoint(self) -> None:
        """Forget what followed the last savepoint."""
        if len(self._layers) > 1:
            self._layers.pop()

    def release_savepoint(self) -> None:
        """What followed the last savepoint stands or falls with what came before."""
        if len(self._layers) > 1:
            above = self._layers.pop()
            self._layers[-1].notes |= above.notes
            for key, tables in above.parts.items():
                for table, rows in tables.items():
                    mine = self._layers[-1].parts.setdefault(key, {})
                    mine.setdefault(table, []).extend(rows)

    def of(self, key: Key) -> Note | None:
        """The note of a row."""
        for layer in reversed(self._layers):
            if key in layer.notes:
                return layer.notes[key]
        return None
