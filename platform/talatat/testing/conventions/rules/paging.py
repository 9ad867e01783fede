"""Lists: one shape, one way to turn pages, one way to say the order."""

from __future__ import annotations

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import Operation, Reading, kinds

OTHER_PAGING = frozenset(
    "page per_page page_size pagesize page_number page_token offset skip start first last after before "
    "max_results top count_per_page starting_after ending_before".split()
)
OTHER_SORTING = frozenset(
    "order order_by orderby sort_by sortby sort_order ordering direction".split()
)
MEMBERS = ("items", "next", "prev")


def _page(reading: Reading, one: Operation) -> tuple[str, dict[str, object]]:
    """(pointer, schema) of the answer of a list."""
    pointer, response = one.responses.get("200", (one.pointer, {}))
    media = response.get("content", {}).get("application/json", {})
    return pointer, reading.resolved(media.get("schema", {}))


@rule(
    "list-shape",
    "A list is {items, next, prev}",
    why="One loop over pages reads every list of every addon.",
    source="API.md, shape and paging",
)
def list_shape(reading: Reading) -> Found:
    for one in reading.operations:
        if not one.is_list:
            continue
        pointer, schema = _page(reading, one)
        members = schema.get("properties", {})
        missing = [name for name in MEMBERS if name not in schema.get("required", ())]  # type: ignore[operator]
        if (
            missing
            or not isinstance(members, dict)
            or kinds(members.get("items", {})) != ("array",)
        ):
            yield pointer, "Answer {'items': [...], 'next': url or null, 'prev': url or null}."


@rule(
    "list-links",
    "`next` and `prev` are URLs or null",
    why="A client follows them as they are; it makes no URL of its own.",
    source="API.md, shape and paging",
)
def list_links(reading: Reading) -> Found:
    for one in reading.operations:
        members = _page(reading, one)[1].get("properties", {}) if one.is_list else {}
        assert isinstance(members, dict)
        for name in ("next", "prev"):
            said = members.get(name, {})
            if name in members and (kinds(said) != ("string",) or "null" not in said["type"]):
                yield _page(reading, one)[0], f"Let {name!r} be of the type ['string', 'null']."


@rule(
    "list-paging",
    "A list takes `limit` and `cursor`, or neither",
    why="A limit without a cursor cuts rows off that nobody can reach.",
    source="API.md, paging",
)
def list_paging(reading: Reading) -> Found:
    for one in reading.operations:
        if one.is_list and (one.parameter("limit") is None) != (one.parameter("cursor") is None):
            yield one.pointer, "Take both limit and cursor; declare a Resource, which has them."


@rule(
    "list-paging-names",
    "Paging has no other names than `limit` and `cursor`",
    why="Numbers of pages and offsets skip and repeat rows while others write.",
    source="API.md, paging; Zalando 160; AIP-158",
)
def list_paging_names(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if one.get("in") == "query" and str(one.get("name", "")).lower() in OTHER_PAGING:
            yield pointer, f"Take limit and cursor instead of {one['name']!r}."


@rule(
    "list-sort-name",
    "The order is said by `sort`",
    why="`sort=-created_at,name` says fields and directions at once.",
    source="API.md, order and filter; Zalando 137",
)
def list_sort_name(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if one.get("in") == "query" and str(one.get("name", "")).lower() in OTHER_SORTING:
            yield pointer, f"Call it 'sort' instead of {one['name']!r}."


@rule(
    "list-limit",
    "`limit` is an integer from 1, with a default",
    why="A page of no row or of all rows serves nobody.",
    source="API.md, paging; Zalando 159",
)
def list_limit(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if one.get("in") != "query" or one.get("name") != "limit":
            continue
        schema = reading.resolved(one.get("schema", {}))
        if kinds(schema) != ("integer",) or schema.get("minimum") != 1 or "default" not in schema:
            yield pointer, "Say type: integer, minimum: 1 and a default."


@rule(
    "list-link-header",
    "A list with pages has a Link header",
    why="Clients that know nothing of our bodies turn pages by it.",
    source="API.md, paging; RFC 8288",
)
def list_link_header(reading: Reading) -> Found:
    for one in reading.operations:
        if one.is_list and one.parameter("cursor") is not None and "200" in one.responses:
            pointer, response = one.responses["200"]
            if "Link" not in response.get("headers", {}):
                yield pointer, "Answer Link with the relations next and prev."
