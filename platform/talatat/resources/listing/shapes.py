"""Shapes: the statement of a page is built and compiled once for each shape of query, and then run by values.

Two requests have one shape if they show the same, ask by the same filters and operators in the same order,
and are narrowed by statements of the same form: SQLAlchemy's own cache key tells that of what the scope, the
search and a resource's own filters add, and gives the values in it. So whatever an addon's code adds to the
statement counts, in each request anew, and no value of one request is kept for another.

What cannot be told apart so is executed as any statement: where somebody may alter it, where its form has no
key or does not hold all of its values, where it asks for more than `MOST_ASKED` values (few would ask for
just as many again, and each has room for all of them), and until the dialect has met its server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from talatat.db.prepared import Prepared
from talatat.db.work import work_of
from talatat.resources.lately import Lately
from talatat.resources.listing.cursor import Cursor
from talatat.resources.listing.filters import TEXT
from talatat.resources.listing.querying import paged
from talatat.resources.listing.trees import leaves_of

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.db import Database
    from talatat.resources.listing.ordering import SortKey
    from talatat.resources.listing.querying import Condition, Found, Queries, Query
    from talatat.resources.showing.lean import Lean

KEPT = 100
MOST_ASKED = 20
MANY = 4
"""Extensions of which PostgreSQL would take longer to weigh the orders than to join them."""
LIMIT = "talatat_limit"


@dataclass(frozen=True)
class Shape:
    """A page's statement: where its rows hold the keys of the order, and its parameters of what narrows the rows.

    Those are (name, which of the values of the form).
    """

    prepared: Prepared
    places: tuple[int, ...]
    own: tuple[tuple[str, int], ...]


class Shapes:
    """The statements of one resource that were asked for lately."""

    def __init__(self) -> None:
        # None for what turned out to have no shape.
        self._kept: Lately[Any, tuple[Shape | None]] = Lately(KEPT)

    def __len__(self) -> int:
        return len(self._kept)

    def rows(
        self, request: Request, queries: Queries, query: Query, found: Found, lean: Lean
    ) -> tuple[Sequence[Any], tuple[int, ...]]:
        """(rows of `lean`, one more than the page has where there are more, and where their keys stand)."""
        database: Database = request.registry.system.database
        shape = None
        if not database.filters_statements and _may_be_kept(database, query):
            form, own = _narrowing(queries, found)
            if form is not None:
                shape = self._shape((lean, form, _asked(found, query)), database, query, found)
        if shape is None:
            statement, places = _statement(
                lean, found.rows, found.keys, query.cursor, query.limit + 1
            )
            rows = request.db.execute(statement).all()
        else:
            values = {name: own[at] for name, at in shape.own}
            values.update(_parameters(found, query))
            values[LIMIT] = query.limit + 1
            if lean.locks:
                rows = work_of(request).rows(shape.prepared, values)
            else:
                rows = database.read(request, shape.prepared, values)
            places = shape.places
        if found.narrowed is not queries.everything and places:
            rows = _unique(rows, places)
        return rows, places

    def _shape(self, key: Any, database: Database, query: Query, found: Found) -> Shape | None:
        kept = self._kept.get(key)
        if kept is None:
            kept = (_shape_of(database, query, found, key[0]),)
            self._kept.keep(key, kept)
        return kept[0]


def _may_be_kept(database: Database, query: Query) -> bool:
    """Whether a query asks for few enough values, of a database that the dialect knows."""
    asked: Iterable[Any] = query.conditions
    if query.where is not None:
        asked = leaves_of(query.where)  # a search has no other conditions
    values = 0
    for one in asked:
        values += len(one.value) if isinstance(one.value, list) else 1
    # Some of the text depends on the version and the settings of the server.
    return values <= MOST_ASKED and database.engine.dialect.server_version_info is not None


def _unique(rows: Sequence[Any], places: tuple[int, ...]) -> Sequence[Any]:
    """The rows without those that a join in a scope gives twice, as entities are loaded once."""
    return list({tuple(row[at] for at in places): row for row in rows}.values())


def _narrowing(queries: Queries, found: Found) -> tuple[Any, list[Any]]:
    """(the form of what narrows the rows, None where it cannot be told; the values in it)."""
    if found.narrowed is queries.everything:
        return (), []
    key = found.narrowed._generate_cache_key()
    if key is None:
        return None, []
    return key.key, [one.effective_value for one in key.bindparams]


def _asked(found: Found, query: Query) -> Any:
    """What else decides about the text of the statement."""
    cursor = query.cursor
    return (
        tuple((one.filter.name, one.op, _size(one)) for one in found.plain),
        # Not by the name alone: a resource may call an order as the search calls its own.
        tuple((key.name, key.column is None, key.descending) for key in query.keys),
        cursor
        and (cursor.forward, cursor.inclusive, tuple(value is None for value in cursor.values)),
    )


def _size(condition: Condition) -> int:
    """How many values a list has; of `isnull`, which it is."""
    if isinstance(condition.value, list):
        return len(condition.value)
    return int(condition.op == "isnull" and condition.value)


def _parameters(found: Found, query: Query) -> Iterator[tuple[str, Any]]:
    """(name, value) of each value that is asked for, in the order of `_types`."""
    for at, one in enumerate(found.plain):
        if isinstance(one.value, list):
            for number, value in enumerate(one.value):
                yield f"talatat_{at}_{number}", value
        elif one.op != "isnull":
            yield f"talatat_{at}", one.value
    if query.cursor is not None:
        for at, value in enumerate(query.cursor.values):
            if value is not None:
                yield f"talatat_key_{at}", value


def _types(found: Found, query: Query) -> Iterator[Any]:
    """The type of each value that is asked for."""
    for one in found.plain:
        type_ = sa.String() if one.op in TEXT else one.filter.column.type
        if isinstance(one.value, list):
            yield from (type_ for _ in one.value)
        elif one.op != "isnull":
            yield type_
    if query.cursor is not None:
        for key, value in zip(found.keys, query.cursor.values, strict=True):
            if value is not None:
                yield key.column.type


def _shape_of(database: Database, query: Query, found: Found, lean: Lean) -> Shape | None:
    """The shape of a query; None where the form of its statement does not hold all of its values."""
    asked = zip(_parameters(found, query), _types(found, query), strict=True)
    bound = {name: sa.bindparam(name, type_=type_) for (name, _), type_ in asked}
    cursor = query.cursor
    if cursor is not None:
        edge = tuple(bound.get(f"talatat_key_{at}") for at in range(len(cursor.values)))
        cursor = Cursor(edge, cursor.forward, cursor.inclusive)
    rows = found.narrowed.where(
        *(
            one.filter.predicate(one.op, _bound(bound, at, one))
            for at, one in enumerate(found.plain)
        )
    )
    limit = sa.bindparam(LIMIT, type_=sa.Integer())
    statement, places = _statement(lean, rows, found.keys, cursor, limit)
    # Rows, and the one extension of each by its key: there is no better order.
    alone = not rows._from_obj and not rows._setup_joins
    prepared = Prepared(statement, in_order=alone and len(lean.joined) >= MANY)
    key = found.narrowed._generate_cache_key()
    own = prepared.opened(database.engine.dialect, key.bindparams)
    return None if own is None else Shape(prepared, places, own)


def _bound(bound: dict[str, Any], at: int, condition: Condition) -> Any:
    """The parameters that stand for the value of a condition."""
    if isinstance(condition.value, list):
        return [bound[f"talatat_{at}_{number}"] for number in range(len(condition.value))]
    return bound.get(f"talatat_{at}", condition.value)


def _statement(
    lean: Lean, rows: Any, keys: tuple[SortKey, ...], cursor: Cursor | None, limit: Any
) -> tuple[Any, tuple[int, ...]]:
    """(the SELECT of a page, where its rows hold the keys)."""
    more: list[Any] = []
    places = []
    for at, key in enumerate(keys):
        place = lean.place(key.column)
        if place is None:
            place = len(lean.columns) + len(more)
            more.append(key.column.label(f"key_{at}"))
        places.append(place)
    return paged(lean.select(rows, more), keys, cursor, limit), tuple(places)
