"""The operations that read: list and get."""

from __future__ import annotations

from inspect import cleandoc

from talatat.describing.failures import failures
from talatat.describing.headers import headers
from talatat.describing.resource.telling import (
    Operation,
    Parameter,
    Telling,
    none_match,
    not_modified,
)
from talatat.describing.shapes import content, parameter, ref
from talatat.resources.listing.counting import COUNTS, ESTIMATED_TO

MEANING = {
    "eq": "is equal to",
    "ne": "is not equal to (or has no value)",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is greater than",
    "gte": "is at least",
    "in": "is one of these, with commas between them",
    "nin": "is none of these, with commas between them",
    "contains": "contains this text",
    "prefix": "begins with this text",
    "isnull": "has no value (true) or one (false)",
}

COUNT = (
    "How many rows there are on all pages: `exact` takes the permission `talatat.count`, `estimated` "
    f"is the planner's guess (PostgreSQL) or exact up to {ESTIMATED_TO:,} (SQLite)"
)


def list_operation(told: Telling) -> Operation:
    """`GET /<resources>`."""
    page = {
        "description": "A page",
        "headers": headers("ETag", "Link"),
        "content": content(ref(f"{told.name}.page")),
    }
    return told.operation(
        "list",
        f"List {told.title}",
        {"200": page, **not_modified(), **failures(401, 403)},  # count=exact takes a permission
        description=cleandoc(told.declaration.__doc__ or ""),
        parameters=[*list_parameters(told), none_match()],
    )


def list_parameters(told: Telling) -> list[Parameter]:
    """The query parameters of a list: paging, fields, search, filters."""
    queries, resource = told.bound.queries, told.declaration
    sorts = ", ".join(sorted(queries.sorts))
    found = [
        parameter("limit", told.limit(), f"Rows on a page; {resource.max_page_size} are the most"),
        parameter("cursor", {"type": "string"}, "From `next` or `prev` of another page"),
        parameter(
            "sort", told.sort(), f"Names with commas between them, `-` before one turns it: {sorts}"
        ),
        parameter("count", {"type": "string", "enum": list(COUNTS)}, COUNT),
        *told.showing(),
    ]
    if resource.search:
        found.append(parameter("q", told.text(), "Full text; best first"))
    for one in queries.filters.values():
        for op in one.operators:
            name = one.name if op == "eq" else f"{one.name}[{op}]"
            schema = one.schema_of(op)
            found.append(parameter(name, schema, f"Only where `{one.name}` {MEANING[op]}"))
    return found


def get_operation(told: Telling) -> Operation:
    """`GET /<resources>/<id>`."""
    return told.operation(
        "get",
        f"Get one of {told.title}",
        {"200": told.shown("The row", "ETag"), **not_modified()},
        parameters=[*told.showing(), none_match()],
    )
