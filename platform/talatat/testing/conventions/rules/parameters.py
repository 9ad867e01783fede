"""Parameters: their names, their operators, their values."""

from __future__ import annotations

import re
from collections import Counter

from talatat.resources.listing.filters import OPERATORS
from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import Reading, kinds

QUERY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,2}(\[(?P<op>[^\]]*)\])?")
HEADER = re.compile(r"[A-Z][a-z0-9]*(-[A-Z][a-z0-9]*)*|traceparent|tracestate")
OTHERS = {
    "include": "expand", "embed": "expand", "with": "expand", "populate": "expand",
    "select": "fields", "columns": "fields", "attributes_only": "fields", "only": "fields",
    "dry_run": "validate_only", "dryrun": "validate_only", "search": "q", "query": "q",
}  # fmt: skip


@rule(
    "parameter-description",
    "Each parameter is described",
    why="Its name alone does not say which values mean what.",
    source="Spectral oas3-parameter-description",
)
def parameter_description(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if not str(one.get("description", "")).strip():
            yield pointer, f"Describe {one.get('name')!r}: description='...' on the node."


@rule(
    "parameter-plain",
    "A parameter has a type, and is no object and no list",
    why="There are four ways to write a list into a URL; a text with commas is one.",
    source="API.md, order and filter",
)
def parameter_plain(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        said = kinds(reading.resolved(one.get("schema", {})))
        if not said or {"object", "array"} & set(said):
            yield pointer, f"Give {one.get('name')!r} a plain type such as string."


@rule(
    "parameter-query-name",
    "Query parameters are snake_case fields, relations with dots, an operator in brackets",
    why="A filter is called as the field that it looks at.",
    source="API.md, order and filter; Zalando 130",
)
def parameter_query_name(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if one.get("in") == "query" and not QUERY.fullmatch(one.get("name", "")):
            yield pointer, f"Write {one.get('name')!r} as field, relation.field or field[op]."


@rule(
    "parameter-operator",
    "Operators are eq ne lt lte gt gte in nin contains prefix isnull",
    why="One list of operators, for every field of every addon.",
    source="API.md, order and filter",
)
def parameter_operator(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        match = QUERY.fullmatch(one.get("name", "")) if one.get("in") == "query" else None
        if match and match["op"] is not None and match["op"] not in OPERATORS:
            yield pointer, f"Use one of {', '.join(OPERATORS)} instead of {match['op']!r}."


@rule(
    "parameter-header-name",
    "Headers are written Like-This, and no new one begins with X-",
    why="The prefix X- outlives the trial that it announces.",
    source="RFC 6648; Zalando 132",
)
def parameter_header_name(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        name = str(one.get("name", ""))
        if one.get("in") == "header" and (not HEADER.fullmatch(name) or name.startswith("X-")):
            better = "-".join(part.capitalize() for part in name.removeprefix("X-").split("-"))
            yield pointer, f"Call it {better!r}."


@rule(
    "parameter-unique",
    "An operation names a parameter once in each place",
    why="A repeated one is refused.",
    source="API.md, order and filter; OpenAPI 3.1, operation object",
)
def parameter_unique(reading: Reading) -> Found:
    for one in reading.operations:
        counts = Counter((p.get("name"), p.get("in")) for _, p in one.parameters)
        for (name, where), count in counts.items():
            if count > 1:
                yield one.pointer, f"Tell {name!r} in {where} once; it stands there {count} times."


@rule(
    "parameter-path-required",
    "Path parameters are required",
    why="A path without a part of it is another path.",
    source="OpenAPI 3.1, parameter object",
)
def parameter_path_required(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if one.get("in") == "path" and one.get("required") is not True:
            yield pointer, f"Add required: true to {one.get('name')!r}."


@rule(
    "parameter-other-name",
    "What every list and write can do has one name",
    why="Who has learned `expand`, `fields`, `q` and `validate_only` once knows them everywhere.",
    source="API.md, sparse, embed, search, dry run",
)
def parameter_other_name(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        better = OTHERS.get(str(one.get("name", "")).lower())
        if one.get("in") == "query" and better:
            yield pointer, f"Call it {better!r} instead of {one['name']!r}."


@rule(
    "parameter-no-cookie",
    "No operation takes a cookie as a parameter",
    why="Browsers send cookies by themselves: what one changes, any page can have changed.",
    source="API.md, security; OWASP CSRF",
)
def parameter_no_cookie(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        if one.get("in") == "cookie":
            yield pointer, f"Take {one.get('name')!r} as a query parameter or in the body."
