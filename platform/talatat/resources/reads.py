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
from talatat.resources.listing.querying import ONE, Found, Query, found_by, one_by_id
from talatat.resources.listing.searching import in_body, search_of
from talatat.resources.showing import conditions
from talatat.resources.showing.expanding import Plan, Wanted
from talatat.schema.body import read_json
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.showing.lean import Lean

SHOWING = ("expand", "fields")


def list_rows(bound: BoundResource, request: Request) -> Response:
    """`{"items": [...], "next": url or null, "prev": url or null}`, with `count` where it is asked for.

    One statement for the page with its extensions, and one for each relation that is expanded. A page of
    entities takes one for each extension that is shown.
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
    check_count(request, query.wants_count)
    found = found_by(bound.queries, request, query)
    page, shown = _lean(bound, request, query, plan, found) or _loaded(
        bound, request, query, plan, found
    )
    counted = {}
    if query.wants_count is not None:
        ids = found.identifiers(bound.queries)
        counted["count"] = count_of(request.db, ids, query.wants_count, bound.narrows(request))
    return page, shown, counted


def _lean(
    bound: BoundResource, request: Request, query: Query, plan: Plan, found: Found
) -> tuple[Page, list[dict[str, Any]]] | None:
    """(the page, its rows as they are shown) without entities; None where there is no such way."""
    lean = plan.lean
    if lean is None or not _fits(request, lean, found):
        return None
    rows, places = bound.shapes.rows(request, bound.queries, query, found, lean)
    page = page_of(query, rows, places)
    shown = lean.shown(page.rows)
    if shown is not None:
        return page, shown
    loaded = _loaded(bound, request, query, plan, found)
    plan.lean = None  # it is not what the rows hold: entities can be shown
    return loaded


def _fits(request: Request, lean: Lean, found: Found) -> bool:
    """Whether rows may be read without entities: nobody watches those, and the statement allows it."""
    return not request.registry.system.database.watches_entities and lean.fits(found.narrowed)


def _loaded(
    bound: BoundResource, request: Request, query: Query, plan: Plan, found: Found
) -> tuple[Page, list[dict[str, Any]]]:
    """(the page, its rows as they are shown), its rows loaded as entities."""
    select = found.page(query).options(*bound.options(request, plan.addons, single=False))
    results = request.db.execute(select).unique().all()
    page = page_of(query, results, range(1, len(query.keys) + 1))
    return page, plan.show(request, [result[0] for result in page.rows])


def get_row(bound: BoundResource, request: Request) -> Response:
    """One row, with its ETag."""
    check_acceptable(request)
    plan = bound.plan(request, wanted_of(only(request, SHOWING)))
    identifier = request.matchdict["id"]
    shown, versions = _lean_row(bound, request, identifier, plan) or _loaded_row(
        bound, request, identifier, plan
    )
    return bound.respond(request, dumps(shown), versions)


def _lean_row(
    bound: BoundResource, request: Request, identifier: str, plan: Plan
) -> tuple[dict[str, Any], str] | None:
    """(the row as it is shown, its versions) without entities; None where there is no such way."""
    lean = plan.single
    if lean is None or not all(map(request.has_permission, bound.representation.permissions)):
        return None
    if not bound.may_be_id(identifier):
        raise bound.missing(identifier)
    found = one_by_id(bound.queries, request, bound.parse_id(identifier))
    if not _fits(request, lean, found):
        return None
    rows, _ = bound.shapes.rows(request, bound.queries, ONE, found, lean)
    if not rows:
        raise bound.missing(identifier)
    shown = lean.shown(rows[:1])
    if shown is not None:
        return shown[0], lean.versions(rows[0])
    loaded = _loaded_row(bound, request, identifier, plan)
    plan.single = None
    return loaded


def _loaded_row(
    bound: BoundResource, request: Request, identifier: str, plan: Plan
) -> tuple[dict[str, Any], str]:
    """(the row as it is shown, its versions), loaded as an entity."""
    row = bound.existing(request, identifier)
    (shown,) = plan.show(request, [row])
    return shown, bound.versions(request, row)


def wanted_of(given: Mapping[str, str]) -> Wanted:
    """What of rows the parameters `given` want to be shown."""
    return Wanted(given.get("fields"), given.get("expand"))
