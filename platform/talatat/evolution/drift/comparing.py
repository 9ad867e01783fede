"""Where two schemas part, thing by thing: tables, columns, constraints, indexes, triggers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

Canonical = Mapping[str, Mapping[str, Any]]

# What a table has several of by name; the rest of what is said of one is compared as a whole.
_NAMED = {
    "columns": "column",
    "constraints": "constraint",
    "indexes": "index",
    "triggers": "trigger",
}
_OTHER = "table"


class Difference(NamedTuple):
    """What one schema says of a thing and what the other says of it; None where it has no such thing.

    `kind` is table, column, constraint, index or trigger; `name` is the thing's, the table's for a table.
    """

    table: str
    kind: str
    name: str
    one: Any
    other: Any

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the thing."""
        return (self.table, self.kind, self.name)


def compare(one: Canonical, other: Canonical, tables: Collection[str]) -> list[Difference]:
    """Return where the two part in `tables`, sorted by table, kind and name."""
    found: list[Difference] = []
    for name in sorted(tables):
        found += _compare(name, one.get(name), other.get(name))
    return found


def _compare(
    table: str, one: Mapping[str, Any] | None, other: Mapping[str, Any] | None
) -> Iterator[Difference]:
    if one is None or other is None:
        if one is not other:
            yield Difference(table, _OTHER, table, one, other)
        return
    for section, kind in _NAMED.items():
        ours, theirs = one.get(section, {}), other.get(section, {})
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                yield Difference(table, kind, name, ours.get(name), theirs.get(name))
    for what in sorted({*one, *other} - {*_NAMED}):
        if one.get(what) != other.get(what):
            yield Difference(table, _OTHER, what, one.get(what), other.get(what))
