"""Which columns and tables a step loses: what a plan shows, and what is put away before the step runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from talatat.evolution.hazards.types import narrows
from talatat.evolution.kept.record import PREFIX
from talatat.evolution.kept.renames import Places
from talatat.evolution.tables import VERSION_TABLE

if TYPE_CHECKING:
    from talatat.evolution.live import Schema, TableInfo


def lost(before: Schema, after: Schema, statements: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return what stands in `before` and no more in `after`, the statements of the step between.

    [{"table", "columns", "key", "whole"}], sorted: a whole table has no columns; `key` are the columns by
    which a row is found again, [] where no key outlives the step. A column whose type changes to one that
    may hold less is lost as well, one that is computed is not; what was renamed is not.
    """
    places = Places({name: info.columns for name, info in before.tables.items()}).follow(statements)
    found = []
    for name, info in sorted(before.tables.items()):
        if name.startswith(PREFIX) or name.endswith(VERSION_TABLE):
            continue
        place = places.find(name)
        now = after.tables.get(place[0]) if place is not None else None
        if place is None or now is None:
            key = list(info.primary_key)
            found.append({"table": name, "columns": [], "key": key, "whole": True})
            continue
        became = {old: new for old, new in place[1].items() if new in now.columns}
        columns = [one for one in info.columns if _is_lost(before.dialect, info, now, one, became)]
        if columns:
            key = _key(info, now, became)
            found.append({"table": name, "columns": columns, "key": key, "whole": False})
    return found


def _is_lost(
    dialect: str, info: TableInfo, now: TableInfo, column: str, became: dict[str, str]
) -> bool:
    if info.columns[column].generated:
        return False
    if column not in became:
        return True
    old, new = info.columns[column].type, now.columns[became[column]].type
    if old == new:
        return False
    return affinity(old) != affinity(new) if dialect == "sqlite" else narrows(old, new)


def _key(info: TableInfo, now: TableInfo, became: dict[str, str]) -> list[str]:
    """The primary key of before, or that of after by its names of before, where it outlives the step."""
    if info.primary_key and all(one in became for one in info.primary_key):
        return list(info.primary_key)
    was = {new: old for old, new in became.items()}
    if now.primary_key and all(one in was for one in now.primary_key):
        return [was[one] for one in now.primary_key]
    return []


def affinity(declared: str) -> str:
    """How SQLite stores what a declared type gets: by the words in it, as its manual says."""
    words = declared.upper()
    if "INT" in words:
        return "integer"
    if any(one in words for one in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if not words or "BLOB" in words:
        return "blob"
    return "real" if any(one in words for one in ("REAL", "FLOA", "DOUB")) else "numeric"
