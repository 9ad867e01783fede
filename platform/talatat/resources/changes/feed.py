"""`GET /<resources>:changes`: all rows once, then whatever changes, in an order that misses nothing.

Without a cursor the feed begins with the rows that are there, by id, and goes on with the changes since
then: a client that follows `next` holds a copy of what it may see. A changed row is shown as it is now,
a deleted one as a tombstone. A row that changed many times is shown once.

A request whose scope narrows what it sees is shown rows of its scope only. Whether it has ever seen a row
that is gone or has left its scope is not known, and must not be told if it has not: it gets no
tombstones, and `complete` is false. Nobody can read a cursor, so that it does not tell how much others write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from pyramid.response import Response

from talatat.problems import Problem, check_acceptable
from talatat.resources.bound import BoundResource, json_response
from talatat.resources.changes.following import owner_of
from talatat.resources.changes.state import Place, State, state_of
from talatat.resources.changes.table import change
from talatat.resources.listing.cursor import Cursor, digest_of, invalid_cursor
from talatat.resources.listing.parameters import only
from talatat.resources.reads import SHOWING, wanted_of
from talatat.resources.showing import conditions
from talatat.resources.showing.expanding import Plan
from talatat.schema.types import format_timestamp
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request

PARAMETERS = ("cursor", "limit", *SHOWING)
WALK, FOLLOW = "walk", "follow"


@dataclass(frozen=True)
class At:
    """Where a client is: walking over the rows behind the id `last`, or following from `place` on."""

    kind: str
    place: Place
    last: Any = None


@dataclass(frozen=True)
class Entry:
    """A row of the answer; `row` None is a tombstone."""

    id: str
    changed_at: dt.datetime | None
    row: Any


def list_changes(bound: BoundResource, request: Request) -> Response:
    """`{"items": [...], "next": url, "more": bool, "complete": bool}`.

    Three statements for a page, and one for each extension that is shown and each relation expanded.
    """
    check_acceptable(request)
    given = only(request, PARAMETERS)
    plan = bound.plan(request, wanted_of(given))
    feed = Feed(bound, request, plan)
    limit = bound.queries.page_limit(given.get("limit"))
    at = feed.read(given.get("cursor"))
    entries, following, more = feed.page(at, limit)
    url = _url(request, feed.write(following))
    body = dumps(
        {"items": feed.shown(entries), "next": url, "more": more, "complete": not feed.narrows}
    )
    response = json_response(body)
    bound.dress(request, response, f'"{conditions.digest(body)}"')
    response.headers["Link"] = f'<{url}>; rel="next"'
    return response


class Feed:
    """The feed of one resource as one request sees it."""

    def __init__(self, bound: BoundResource, request: Request, plan: Plan) -> None:
        self.bound, self.request, self.plan = bound, request, plan
        self.owner = owner_of(bound.model)
        everything = sa.select(bound.model)
        self.select = bound.resource.scope(request, everything)
        mapper = sa.inspect(bound.model)
        # A subclass that shares its table with others is a part of that table.
        self.narrows = self.select is not everything or mapper.single
        addons = [bound.addon, *(one.addon for one in bound.extensions)]
        self.state: State = state_of(request.db, addons)
        self.known = digest_of(self.state.identity, self._rights())
        self.digest = digest_of("changes", bound.full_name)

    def _rights(self) -> list[Any]:
        """What decides which rows and fields are shown: a cursor of other rights would skip some."""
        permissions = self.bound.representation.permissions
        held = sorted(name for name in permissions if self.request.has_permission(name))
        dialect = self.request.db.get_bind().dialect
        return [held, str(self.select.compile(dialect=dialect)) if self.narrows else ""]

    def read(self, text: str | None) -> At:
        """Where a cursor stands; Problem 410 for one of another database, or of other rights."""
        if text is None:
            return At(WALK, self.state.start)
        values = self.bound.queries.cursors.loads(text, self.digest).values
        if len(values) != 5:
            raise invalid_cursor()
        known, kind, transaction, position, last = values
        place = (transaction, position)
        if known != self.known or place > self.state.end:
            raise Problem(410, "cursor_expired")
        return At(kind, place, last)

    def write(self, at: At) -> str:
        """The cursor of a place."""
        cursor = Cursor((self.known, at.kind, *at.place, at.last))
        return self.bound.queries.cursors.dumps(cursor, self.digest)

    def page(self, at: At, limit: int) -> tuple[list[Entry], At, bool]:
        """(entries, where to go on, whether there is more at once)."""
        if at.kind == WALK:
            return self._walked(at, limit)
        entries, places = self._narrowed(at, limit) if self.narrows else self._noted(at, limit)
        more = len(entries) > limit
        entries, places = entries[:limit], places[:limit]
        # Where nothing is new the cursor stays, so that the answer is the same and can be a 304.
        return entries, At(FOLLOW, places[-1]) if places else at, more

    def shown(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        """Entries as the API shows them."""
        rows = iter(
            self.plan.show(self.request, [one.row for one in entries if one.row is not None])
        )
        found = []
        for one in entries:
            moment = None if one.changed_at is None else format_timestamp(one.changed_at)
            shown = {"id": one.id, "deleted": one.row is None, "changed_at": moment}
            found.append(shown if one.row is None else {**shown, "item": next(rows)})
        return found

    def _walked(self, at: At, limit: int) -> tuple[list[Entry], At, bool]:
        identifier = self.bound.identifier
        query = self.select.order_by(None).order_by(identifier).limit(limit + 1)
        if at.last is not None:
            query = query.where(identifier > sa.literal(at.last, identifier.type))
        rows = self._rows(query)
        entries = [Entry(str(row.id), _changed_at(row), row) for row in rows[:limit]]
        if len(rows) > limit:
            return entries, At(WALK, at.place, rows[limit - 1].id), True
        return entries, At(FOLLOW, at.place), True

    def _noted(self, at: At, limit: int) -> tuple[list[Entry], list[Place]]:
        notes = self.request.db.execute(self._after(sa.select(change), at, limit)).all()
        ids = [self.bound.parse_id(note.row_id) for note in notes]
        rows = self._rows(self.select.where(self.bound.identifier.in_(ids))) if ids else []
        by_id = {str(row.id): row for row in rows}
        entries = [Entry(one.row_id, one.changed_at, by_id.get(one.row_id)) for one in notes]
        return entries, [(note.transaction_id, note.position) for note in notes]

    def _narrowed(self, at: At, limit: int) -> tuple[list[Entry], list[Place]]:
        identifier = self.bound.identifier
        columns = (change.c.changed_at, change.c.transaction_id, change.c.position)
        query = self.select.add_columns(*columns).order_by(None)
        query = query.where(identifier == sa.cast(change.c.row_id, identifier.type))
        query = query.options(*self._options())
        found = self.request.db.execute(self._after(query, at, limit)).unique().all()
        entries = [Entry(str(one[0].id), one.changed_at, one[0]) for one in found]
        return entries, [(one.transaction_id, one.position) for one in found]

    def _after(self, query: Any, at: At, limit: int) -> Any:
        """`query` of notes, from `at` up to what is settled."""
        place = sa.tuple_(change.c.transaction_id, change.c.position)
        return (
            query.where(
                change.c.table_name == self.owner,
                place > sa.tuple_(*map(sa.literal, at.place)),
                change.c.transaction_id < self.state.settled,
            )
            .order_by(change.c.transaction_id, change.c.position)
            .limit(limit + 1)
        )

    def _rows(self, query: Any) -> list[Any]:
        query = query.options(*self._options())
        return list(self.request.db.execute(query).unique().scalars())

    def _options(self) -> list[Any]:
        return self.bound.options(self.request, self.plan.addons, single=False)


def _changed_at(row: Any) -> dt.datetime | None:
    moment = getattr(row, "updated_at", None)
    return moment if isinstance(moment, dt.datetime) else None


def _url(request: Request, cursor: str) -> str:
    given = parse_qsl(request.environ.get("QUERY_STRING", ""), keep_blank_values=True)
    kept = [(name, value) for name, value in given if name != "cursor"]
    return f"{request.path_url}?{urlencode([*kept, ('cursor', cursor)])}"
