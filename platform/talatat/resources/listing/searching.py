"""`POST /<resources>:search`: a list whose conditions are a tree, asked by a body.

    {"where": {"or": [...]}, "q": "lamp", "sort": "-price", "limit": 20, "cursor": "...",
     "fields": "id,title", "expand": "...", "count": "estimated"}

Beside `where` the members are the parameters of the list under their names, of the same form but for
`limit`, which is a number. What does not fit is 422 with a pointer into the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from talatat.problems import Problem, invalid
from talatat.resources.listing.cursor import digest_of
from talatat.resources.listing.guards import SEARCH
from talatat.resources.listing.querying import OWN_PARAMETERS, Queries, Query
from talatat.resources.listing.trees import Tree, TreeReader, canonical
from talatat.schema.faults import Fault, escape, fault

if TYPE_CHECKING:
    from pyramid.request import Request

WHERE = "where"


def members_of(queries: Queries, unseen: Set[str] = frozenset()) -> list[str]:
    """What a search of this resource may say, by who may not use the names `unseen`."""
    return [WHERE, *OWN_PARAMETERS, *([SEARCH] if queries.searches(unseen) else [])]


def search_of(queries: Queries, request: Request, body: Any) -> Query:
    """The query in the document `body`; Problem 422 with all that does not fit, 400 as `in_body` words."""
    if not isinstance(body, dict):
        raise invalid([fault("", "type", "must be an object")])
    unseen = queries.unseen(request)
    faults: list[Fault] = []
    given = _texts(body, members_of(queries, unseen), faults)
    tree = None
    if WHERE in body:
        reader = TreeReader(partial(queries.filter, unseen=unseen), queries.filterable(unseen))
        tree = reader.read(body[WHERE], f"/{WHERE}")
        faults += reader.faults
    if faults:
        raise invalid(faults)
    query = queries.paged(given, _digest(queries, tree, given), unseen)
    return query._replace(where=tree)


def _texts(body: dict[str, Any], known: list[str], faults: list[Fault]) -> dict[str, str]:
    """The members that are parameters of the list, as texts."""
    found = {}
    for name, value in body.items():
        pointer = f"/{escape(name)}"
        if name not in known:
            faults.append(fault(pointer, "unknown", "is not a field of this object"))
        elif name == "limit":
            if _is_whole(value):
                found[name] = str(int(value))
            else:
                faults.append(fault(pointer, "type", "must be an integer"))
        elif name != WHERE:
            if isinstance(value, str):
                found[name] = value
            else:
                faults.append(fault(pointer, "type", "must be a string"))
    return found


def _is_whole(value: Any) -> bool:
    """Whether a value is an integer as JSON Schema has it: 20.0 is one."""
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def _digest(queries: Queries, tree: Tree | None, given: dict[str, str]) -> str:
    where = None if tree is None else canonical(tree)
    return digest_of(queries.full_name, WHERE, where, given.get("q"), given.get("sort"))


@contextmanager
def in_body() -> Iterator[None]:
    """Word problems of the parameters of a list as what they are here: members of the body, 422."""
    try:
        yield
    except Problem as problem:
        if problem.code != 400 or not any("parameter" in error for error in problem.errors):
            raise
        raise invalid(
            fault(f"/{escape(error['parameter'])}", _code(error["code"]), error["detail"])
            for error in problem.errors
        ) from problem


def _code(code: str) -> str:
    return "invalid" if code == "invalid_parameter" else code
