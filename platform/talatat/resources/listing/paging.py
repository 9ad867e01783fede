"""Pages: which rows of the answer are shown, and the cursors to the pages beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from talatat.resources.listing.cursor import Cursor, CursorSealer

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.listing.querying import Query


class Page(NamedTuple):
    """The rows to show, in order, and the cursors beside them (None where nothing is there)."""

    rows: list[Any]
    following: Cursor | None
    preceding: Cursor | None


def page_of(query: Query, results: Sequence[Any], places: Sequence[int]) -> Page:
    """The page in `results`, which are one more than the limit where there is more.

    Each holds the keys of its order at `places`. With a cursor that goes back they are in the turned order.
    """
    more = len(results) > query.limit
    kept = list(results[: query.limit])
    came_from = query.cursor
    backward = came_from is not None and not came_from.forward
    if backward:
        kept.reverse()
    if not kept:
        return _empty(came_from)
    first, last = [tuple([row[at] for at in places]) for row in (kept[0], kept[-1])]
    following = Cursor(last) if (more or backward) else None
    preceding = (
        Cursor(first, forward=False)
        if (came_from and not backward) or (backward and more)
        else None
    )
    return Page(kept, following, preceding)


def _empty(came_from: Cursor | None) -> Page:
    """Rows vanished since the cursor was made: lead back to where it came from, edge included."""
    if came_from is None:
        return Page([], None, None)
    if came_from.forward:
        return Page([], None, Cursor(came_from.values, forward=False, inclusive=True))
    return Page([], Cursor(came_from.values, inclusive=True), None)


def text_of(cursors: CursorSealer, query: Query, cursor: Cursor | None) -> str | None:
    """A cursor as clients hold it."""
    return None if cursor is None else cursors.dumps(cursor, query.digest)


def url_of(
    request: Request, cursors: CursorSealer, query: Query, cursor: Cursor | None
) -> str | None:
    """The URL of the page at `cursor`: this request's, with the cursor in it."""
    if cursor is None:
        return None
    asked = request.environ.get("QUERY_STRING", "")
    kept = _CURSOR.sub("", asked) if query.cursor is not None else asked
    if not _PLAIN.fullmatch(kept) or (query.cursor is not None and kept == asked):
        given = parse_qsl(asked, keep_blank_values=True)
        kept = urlencode([(name, value) for name, value in given if name != "cursor"])
    kept = kept.strip("&")
    sealed = f"cursor={text_of(cursors, query, cursor)}"  # of characters that stand for themselves
    return f"{request.path_url}?{kept}&{sealed}" if kept else f"{request.path_url}?{sealed}"


_CURSOR = re.compile(r"(?:^|&)cursor=[^&]*")
# A query of these is quoted as it should be; a name that is quoted more than it need be is seen by nobody here.
_PLAIN = re.compile(r"[A-Za-z0-9_.~=&+*-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9_.~=&+*-]*)*")
