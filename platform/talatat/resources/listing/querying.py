"""From the query string of a list to a statement.

A `Query` is what a request asks, read and checked; a `Queries` is what a resource allows, compiled
once. The statement's text depends on the shape of the query only (which filters, which order, which
direction): values are bound parameters, so the shapes that come up can be prepared ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from talatat.problems import bad_parameter
from talatat.resources.lately import Lately
from talatat.resources.listing.counting import COUNTS
from talatat.resources.listing.cursor import Cursor, CursorSealer, digest_of, invalid_cursor
from talatat.resources.listing.filters import (
    MAX_VALUES_IN_ALL,
    OPERATORS,
    Filter,
    column_filter,
    custom_filter,
)
from talatat.resources.listing.guards import SEARCH, Guards, hidden
from talatat.resources.listing.ordering import SortKey, beyond, order_by
from talatat.resources.listing.parameters import LONGEST_KEPT, parameters, unknown_parameter
from talatat.resources.listing.reaching import Owners, within
from talatat.resources.listing.trees import Tree, predicate_of
from talatat.resources.showing.expanding import Wanted

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.declaration import Resource

PARAMETER = re.compile(r"(?P<name>.+?)(?:\[(?P<op>[a-z]+)\])?\Z", re.DOTALL)
OWN_PARAMETERS = ("count", "cursor", "expand", "fields", "limit", "sort")
RESERVED = frozenset({*OWN_PARAMETERS, "q"})
LONGEST_SEARCH = 500
MAX_SORT_KEYS = 8
KEPT_NAMES = 200
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Condition(NamedTuple):
    """One filter of a request."""

    filter: Filter
    op: str
    value: Any

    @property
    def plain(self) -> bool:
        """Whether it is about a column of the row itself."""
        return self.filter.custom is None and not self.filter.path

    @property
    def parameter(self) -> str:
        """As the query string names it."""
        return self.filter.name if self.op == "eq" else f"{self.filter.name}[{self.op}]"


class Query(NamedTuple):
    """What a list request asks: conditions, order, page."""

    conditions: tuple[Condition, ...]
    keys: tuple[SortKey, ...]
    limit: int
    cursor: Cursor | None
    text: str | None
    wanted: Wanted
    digest: str
    wants_count: str | None = None
    where: Tree | None = None


class Queries:
    """What lists of one resource may be asked."""

    def __init__(
        self,
        resource: Resource,
        full_name: str,
        filters: Mapping[str, Filter],
        sorts: Mapping[str, SortKey],
        cursors: CursorSealer,
    ) -> None:
        self.resource = resource
        self.full_name = full_name
        self.filters = dict(filters)
        self.sorts = dict(sorts)
        self.cursors = cursors
        self.guards: Guards = {}  # set when all resources are prepared, as `owners` is
        self.owners: Owners = {}
        self.identifier = sorts["id"]
        self.by_id = column_filter("id", self.identifier.column)
        self.default = tuple(resource.default_sort)
        self.everything: Any = sa.select(resource.model)
        # Filters that clients name again and again, with other values.
        self._named: Lately[tuple[str, Set[str]], tuple[Filter, str]] = Lately(KEPT_NAMES)
        # And their orders.
        self._orders: Lately[tuple[str | None, bool, Set[str]], tuple[SortKey, ...]] = Lately(
            KEPT_NAMES
        )

    def parse(self, request: Request) -> Query:
        """What `request` asks; Problem 400 for anything that the resource does not allow."""
        given = parameters(request)
        unseen = self.unseen(request)
        conditions = tuple(
            self._condition(name, text, unseen)
            for name, text in given.items()
            if name not in OWN_PARAMETERS and not (name == SEARCH and self.searches(unseen))
        )
        _check_values(conditions)
        digest = digest_of(
            self.full_name,
            sorted((name, value) for name, value in given.items() if name not in _PAGING),
        )
        return self.paged(given, digest, unseen, conditions)

    def paged(
        self,
        given: Mapping[str, str],
        digest: str,
        unseen: Set[str],
        conditions: tuple[Condition, ...] = (),
    ) -> Query:
        """The query with these conditions: order, page and what is shown, of the texts `given`.

        `digest` is that of the whole query, to which its cursors are bound.
        """
        text = self._text(given, unseen)
        keys = self._order(given.get("sort"), text is not None, unseen)
        cursor = None
        if "cursor" in given:
            cursor = self.cursors.loads(given["cursor"], digest)
            if len(cursor.values) != len(keys):
                raise invalid_cursor()
        return Query(
            conditions,
            keys,
            self.page_limit(given.get("limit")),
            cursor,
            text,
            Wanted(given.get("fields"), given.get("expand")),
            digest,
            count_asked(given.get("count")),
        )

    def unseen(self, request: Request) -> frozenset[str]:
        """The names that this request may not use."""
        return hidden(self.guards, request)

    def filter(self, name: str, unseen: Set[str]) -> Filter | None:
        """The filter of this name, that of a name in an open map too, unless it is not to be seen."""
        found = self.filters.get(name) or self._open(name)
        return None if name in unseen or name.partition(".")[0] in unseen else found

    def searches(self, unseen: Set[str] = frozenset()) -> bool:
        """Whether `q=` is a parameter, for who may not use the names `unseen`."""
        return bool(self.resource.search) and SEARCH not in unseen

    def filterable(self, unseen: Set[str]) -> list[str]:
        """The names that `filter` knows."""
        names = [name for name in self.filters if name not in unseen]
        return names + [f"{name}.<name>" for name in self.resource.open_maps if name not in unseen]

    def _condition(self, parameter: str, text: str, unseen: Set[str]) -> Condition:
        known = self._named.get((parameter, unseen))
        if known is None:
            known = self._meant(parameter, unseen)
            if len(parameter) <= LONGEST_KEPT:
                self._named.keep((parameter, unseen), known)
        found, op = known
        try:
            return Condition(found, op, found.read(op, text))
        except ValueError as error:
            raise bad_parameter(parameter, str(error)) from error

    def _meant(self, parameter: str, unseen: Set[str]) -> tuple[Filter, str]:
        """(the filter, the operator) that a parameter names."""
        match = PARAMETER.match(parameter)
        name, op = (match["name"], match["op"] or "eq") if match else (parameter, "eq")
        found = self.filter(name, unseen)
        if found is None:
            raise unknown_parameter(parameter, self.known(unseen))
        if op not in found.operators:
            listed = ", ".join(found.operators)
            detail = f"{op!r} is not an operator of {name}, which has {listed}"
            raise bad_parameter(parameter, detail)
        return found, op

    def _open(self, name: str) -> Filter | None:
        prefix, dot, rest = name.partition(".")
        apply = self.resource.open_maps.get(prefix)
        if not dot or not rest or apply is None:
            return None
        return replace(custom_filter(name, _of_map(apply, rest)), operators=OPERATORS)

    def _text(self, given: Mapping[str, str], unseen: Set[str]) -> str | None:
        if not self.searches(unseen) or SEARCH not in given:
            return None
        text = given["q"].strip()
        if not text:
            raise bad_parameter("q", "is empty; leave it out to see all")
        if len(text) > LONGEST_SEARCH:
            raise bad_parameter("q", f"is longer than {LONGEST_SEARCH} characters")
        return text

    def _order(self, text: str | None, ranked: bool, unseen: Set[str]) -> tuple[SortKey, ...]:
        found = self._orders.get((text, ranked, unseen))
        if found is None:
            found = self._sorted(text, ranked, unseen)
            if text is None or len(text) <= LONGEST_KEPT:
                self._orders.keep((text, ranked, unseen), found)
        return found

    def _sorted(self, text: str | None, ranked: bool, unseen: Set[str]) -> tuple[SortKey, ...]:
        """The keys of the order that `sort=` asks for."""
        if text is None and ranked:
            return (SCORE, self.identifier)
        if text is None:  # the resource's own order, of what this request may see
            own = [name for name in self.default if name.removeprefix("-") not in unseen]
            names = own or ["id"]
        else:
            names = [part.strip() for part in text.split(",")]
        keys: list[SortKey] = []
        for name in names[: MAX_SORT_KEYS + 1]:
            key = self.sorts.get(name.removeprefix("-"))
            if key is None or key.name in unseen:
                listed = ", ".join(sorted(self.sorts.keys() - unseen))
                raise bad_parameter("sort", f"{name!r} is not one of {listed}")
            if any(key.name == other.name for other in keys):
                raise bad_parameter("sort", f"{key.name!r} is named twice")
            keys.append(key.turned() if name.startswith("-") else key)
        if len(keys) > MAX_SORT_KEYS:
            raise bad_parameter("sort", f"names more than {MAX_SORT_KEYS} fields")
        unique = next((at for at, key in enumerate(keys, 1) if key.name == "id"), len(keys))
        del keys[unique:]  # nothing can come after what is unique
        if keys[-1].name != "id":
            # The id goes with the last key, so that one index can serve both.
            keys.append(self.identifier._replace(descending=keys[-1].descending))
        return tuple(keys)

    def page_limit(self, text: str | None) -> int:
        """How many rows a page has, for the parameter `limit`; Problem 400 for what is no number."""
        if text is None:
            return self.resource.page_size
        if not _NUMBER.fullmatch(text):
            raise bad_parameter("limit", "must be an integer")
        limit = int(text)
        if limit < 1:
            raise bad_parameter("limit", "must be at least 1")
        return min(limit, self.resource.max_page_size)

    def known(self, unseen: Set[str] = frozenset()) -> list[str]:
        """The names of all parameters of the list, but for those that are not to be seen."""
        names = [*OWN_PARAMETERS, *self.filterable(unseen)]
        return [*names, SEARCH] if self.searches(unseen) else names


_PAGING = frozenset({"count", "cursor", "expand", "fields", "limit"})
SCORE = SortKey("score", None, descending=True)


def _of_map(apply: Any, name: str) -> Any:
    return lambda query, _, op, value: apply(query, name, op, value)


def _check_values(conditions: Iterable[Condition]) -> None:
    values = 0
    for condition in conditions:
        values += len(condition.value) if isinstance(condition.value, list) else 1
        if values > MAX_VALUES_IN_ALL:
            detail = f"all filters together have more than {MAX_VALUES_IN_ALL} values"
            raise bad_parameter(condition.parameter, detail)


def count_asked(text: str | None) -> str | None:
    """The value of `count=`."""
    if text is not None and text not in COUNTS:
        raise bad_parameter("count", f"must be one of {', '.join(COUNTS)}")
    return text


class Found(NamedTuple):
    """What a query finds: a SELECT of rows, in no order, and the keys of its order.

    `narrowed` is what only this request's own code could say: the scope, the search, filters that a
    resource writes itself. `plain` are conditions on columns of the row, not yet in it.
    """

    narrowed: Any
    plain: tuple[Condition, ...]
    keys: tuple[SortKey, ...]

    @property
    def rows(self) -> Any:
        """SELECT of all rows found."""
        predicates = [one.filter.predicate(one.op, one.value) for one in self.plain]
        return self.narrowed.where(*predicates)

    def identifiers(self, queries: Queries) -> Any:
        """SELECT of the ids alone."""
        column = queries.identifier.column
        return self.rows.with_only_columns(column, maintain_column_froms=True)

    def page(self, query: Query) -> Any:
        """SELECT of the page and of one row more: the entity, and after it a column for each key."""
        columns = [key.column.label(f"key_{at}") for at, key in enumerate(self.keys)]
        rows = self.rows.add_columns(*columns)
        return paged(rows, self.keys, query.cursor, query.limit + 1)


def paged(rows: Any, keys: tuple[SortKey, ...], cursor: Cursor | None, limit: Any) -> Any:
    """The SELECT `rows` in the order of `keys`, from the cursor on, at most `limit` of them."""
    if cursor is not None:
        if not cursor.forward:
            keys = tuple(key.turned() for key in keys)
        rows = rows.where(beyond(keys, cursor))
    return rows.order_by(*order_by(keys)).limit(limit)


ONE = Query((), (), 0, None, None, Wanted(), "")
"""The page of a single row: there is no other to come."""


def one_by_id(queries: Queries, request: Request, identifier: Any) -> Found:
    """The row with this id, in the scope of the request."""
    selectable = queries.resource.scope(request, queries.everything)
    return Found(selectable, (Condition(queries.by_id, "eq", identifier),), ())


def found_by(queries: Queries, request: Request, query: Query) -> Found:
    """What `query` finds in the scope of the request."""
    resource = queries.resource
    keys = query.keys
    selectable = queries.everything
    if query.text is not None:
        rows = resource.search(request, query.text).rows
        selectable = selectable.join(rows, rows.c.id == queries.identifier.column)
        keys = tuple(
            key._replace(column=rows.c.score) if key.column is None else key for key in keys
        )
    limits = within(queries.owners, request)
    selectable = resource.scope(request, selectable)
    for condition in query.conditions:
        if condition.plain:
            continue
        try:
            selectable = condition.filter.apply(selectable, condition.op, condition.value, limits)
        except ValueError as error:  # a filter of the resource's own reads its value itself
            raise bad_parameter(condition.parameter, str(error)) from error
    if query.where is not None:
        where = predicate_of(query.where, queries.identifier.column, limits)
        selectable = selectable.where(where)
    return Found(selectable, tuple(one for one in query.conditions if one.plain), keys)
