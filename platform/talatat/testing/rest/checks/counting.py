"""Counting: how many there are, for who asks and may."""

from __future__ import annotations

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family

of = Family("counting", "paging", needs=("list",), capability="count")


@of.check("count-exact", "count=exact tells how many there are, on every page alike")
def exact(case: Case) -> None:
    case.rows(3)
    there = len(case.all(limit=500))
    for query in (
        {"count": "exact"},
        {"count": "exact", "limit": 1},
        {"count": "exact", "fields": "id"},
    ):
        answer = case.get(query=query).must(200)
        want(
            answer.json.get("count") == there,
            f"it says {answer.json.get('count')}, there are {there}",
            answer,
        )


@of.check("count-of-filter", "Counted is what the filters leave")
def of_filter(case: Case) -> None:
    row = case.rows(1)[0]
    if "id" not in case.kind.filters:
        raise case.lacks("it has no filter by id")
    answer = case.get(query={"count": "exact", "id": row["id"]}).must(200)
    want(answer.json["count"] == 1, f"it says {answer.json['count']}", answer)


@of.check("count-estimated", "count=estimated tells a number that is not negative")
def estimated(case: Case) -> None:
    case.rows(1)
    answer = case.get(query={"count": "estimated"}).must(200)
    found = answer.json.get("count")
    want(isinstance(found, int) and found >= 0, f"it says {found!r}", answer)


@of.check("count-unknown", "Another word is refused")
def unknown(case: Case) -> None:
    for text in ("", "yes", "true", "EXACT", "1"):
        case.get(query={"count": text}).refuses(400, "invalid_parameter", "count")


@of.check("count-permission", "An exact count asks for a permission of its own")
def permission(case: Case) -> None:
    wanted = case.kind.permission("list")
    if case.server.credentials.holding is None or wanted in ("", "authenticated"):
        raise case.lacks("nobody is known who holds one permission")
    who = "talatat.nothing" if wanted == "public" else wanted
    case.get(query={"count": "exact"}, who=who).refuses(403)
    case.get(query={"count": "estimated"}, who=who).must(200)


@of.check("count-goes-on", "The pages after it are counted as well")
def goes_on(case: Case) -> None:
    case.rows(3)
    first = case.get(query={"count": "exact", "limit": 2}).must(200)
    second = case.follow(first.json["next"]).must(200)
    want(
        second.json.get("count") == first.json["count"],
        "the second page tells another count",
        second,
    )
