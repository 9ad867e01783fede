"""The operations that read: list, search and get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyramid.response import Response

from talatat.problems import check_acceptable
from talatat.resources.bound import BoundResource, json_response
from talatat.resources.listing.counting import check_count, count_of
from talatat.resources.listing.paging import Page, page_of, text_of, url_of
from talatat.resources.listing.parameters import only
from talatat.resources.listing.querying import Query, found_by
from talatat.resources.listing.searching import in_body, search_of
from talatat.resources.showing import conditions
from talatat.resources.showing.expanding import Wanted
from talatat.schema.body import read_json
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request

SHOWING = ("expand", "fields")


def list_rows(bound: BoundResource, request: Request) -> Response:
    """`{"items": [...], "next": url or null, "prev": url or null}`, with `count` where it is asked for.

    One statement for the page, and one for each extension that is shown and each relation that is
    expanded.
    """
    check_acceptable(request)
    query = bound.queries.parse(request)
    page, shown, counted = _page(bound, request, query)
    cursors = bound.queries.cursors
    following = url_of(request, cursors, query, page.following)
    preceding = url_of(request, cursors, query, page.preceding)
    body = dumps({"items": shown, "next": following, "prev": preceding, **counted})
    response = json_response(body)
    bound.dress(request, response, f'"{conditions.digest(body)}"')
    links = [
        f'<{url}>; rel="{rel}"' for url, rel in ((following, "next"), (preceding, "prev")) if url
    ]
    if links:
        response.headers["Link"] = ", ".join(links)
    return response


def search_rows(bound: BoundResource, request: Request) -> Response:
    """The same for a body that says what is searched: a page leads on by `next_cursor`, not by a URL."""
    check_acceptable(request)
    only(request, ())
    body = read_json(request)
    queries = bound.queries
    with in_body():
        query = search_of(queries, request, body)
        page, shown, counted = _page(bound, request, query)
    answer = {
        "items": shown,
        "next": None,
        "prev": None,
        "next_cursor": text_of(queries.cursors, query, page.following),
        "prev_cursor": text_of(queries.cursors, query, page.preceding),
    }
    response = json_response(dumps(answer | counted))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    bound: BoundResource, request: Request, query: Query
) -> tuple[Page, list[dict[str, Any]], dict[str, int]]:
    """(the page, its rows as they are shown, the members that count them) of a query."""
    plan = bound.plan(request, query.wanted)
    check_count(request, query.count)
    found = found_by(bound.queries, request, query)
    select = found.page(query).options(*bound.options(request, plan.addons, single=False))
    page = page_of(query, request.db.execute(select).unique().all())
    counted = {}
    if query.count is not None:
        ids = found.identifiers(bound.queries)
        counted["count"] = count_of(request.db, ids, query.count, bound.narrows(request))
    return page, plan.show(request, page.rows), counted


def get_row(bound: BoundResource, request: Request) -> Response:
    """One row, with its ETag."""
    check_acceptable(request)
    wanted = wanted_of(only(request, SHOWING))
    row = bound.existing(request, request.matchdict["id"])
    return bound.answer(request, row, fields=wanted)


def wanted_of(given: Mapping[str, str]) -> Wanted:
    """What of rows the parameters `given` want to be shown."""
    return Wanted(given.get("fields"), given.get("expand"))
