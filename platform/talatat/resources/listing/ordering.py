"""Order and keyset: `ORDER BY` and the predicate that continues after a row.

Every order ends in the id, so that it is total. NULL counts as greater than every value, in both
directions and on both databases; that is PostgreSQL's own order, so its indexes serve it. Going back
is the same query with every direction turned, its rows turned again afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from talatat.resources.listing.cursor import Cursor
from talatat.resources.listing.filters import literal


class SortKey(NamedTuple):
    """One key of an order: a column expression, and how to read its value from a result row."""

    name: str
    column: Any
    descending: bool = False
    nullable: bool = False

    def turned(self) -> SortKey:
        return self._replace(descending=not self.descending)


def order_by(keys: Sequence[SortKey]) -> list[Any]:
    """The ORDER BY clauses of `keys`."""
    clauses = []
    for key in keys:
        clause = key.column.desc() if key.descending else key.column.asc()
        if key.nullable:
            clause = clause.nulls_first() if key.descending else clause.nulls_last()
        clauses.append(clause)
    return clauses


def beyond(keys: Sequence[SortKey], cursor: Cursor) -> Any:
    """The predicate of the rows that come after the cursor's edge in the order of `keys`.

    `keys` are already turned for a cursor that goes back.
    """
    values = cursor.values
    if _one_direction(keys) and not any(key.nullable for key in keys):
        return _row_comparison(keys, cursor)
    branches = []
    for at, key in enumerate(keys):
        after = _after(key, values[at])
        if after is not None:
            same = [_same(*pair) for pair in zip(keys[:at], values[:at], strict=True)]
            branches.append(sa.and_(*same, after))
    if cursor.inclusive:
        branches.append(sa.and_(*(_same(*pair) for pair in zip(keys, values, strict=True))))
    return sa.or_(sa.false(), *branches)


def _one_direction(keys: Sequence[SortKey]) -> bool:
    return len({key.descending for key in keys}) == 1


def _row_comparison(keys: Sequence[SortKey], cursor: Cursor) -> Any:
    # (a, b) > (x, y) is one range of an index where the OR of its parts may be none.
    columns: Any = keys[0].column
    values: Any = _bound(keys[0], cursor.values[0])
    if len(keys) > 1:
        columns = sa.tuple_(*(key.column for key in keys))
        pairs = zip(keys, cursor.values, strict=True)
        values = sa.tuple_(*(_bound(key, value) for key, value in pairs))
    if keys[0].descending:
        return columns <= values if cursor.inclusive else columns < values
    return columns >= values if cursor.inclusive else columns > values


def _after(key: SortKey, value: Any) -> Any:
    """What comes after `value` by this key alone; None where nothing can."""
    if value is None:
        return key.column.is_not(None) if key.descending else None
    bound = _bound(key, value)
    if key.descending:
        return key.column < bound
    beyond_value = key.column > bound
    return sa.or_(beyond_value, key.column.is_(None)) if key.nullable else beyond_value


def _same(key: SortKey, value: Any) -> Any:
    return key.column.is_(None) if value is None else key.column == _bound(key, value)


def _bound(key: SortKey, value: Any) -> Any:
    return literal(value, key.column.type)
