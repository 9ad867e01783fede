"""Lists: their limits and their parameters."""

from __future__ import annotations

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family

limits = Family("limits", "paging", needs=("list",))
parameters = Family("parameters", "order, filter", needs=("list",))


@limits.check("limit-one", "limit=1 gives one row")
def limit_one(case: Case) -> None:
    case.rows(2)
    answer = case.get(query={"limit": 1}).must(200)
    want(len(answer.json["items"]) == 1, "it gives another number of rows", answer)


@limits.check("limit-exact", "A page has as many rows as `limit` says, and the next one the rest")
def limit_exact(case: Case) -> None:
    case.rows(3)
    first = case.get(query={"limit": 2}).must(200)
    want(len(first.json["items"]) == 2, "it gives another number of rows", first)
    want(first.json["next"], "there is more, and no next", first)


@limits.check("limit-zero", "limit=0 is refused")
def limit_zero(case: Case) -> None:
    case.get(query={"limit": 0}).refuses(400, "invalid_parameter", "limit")


@limits.check("limit-negative", "A negative limit is refused")
def limit_negative(case: Case) -> None:
    case.get(query={"limit": -1}).refuses(400, "invalid_parameter", "limit")


@limits.check("limit-words", "A limit that is no whole number is refused")
def limit_words(case: Case) -> None:
    for text in ("ten", "1.5", "", " 1", "1e2", "0x10", "+1", "٣", "9" * 40):
        case.get(query={"limit": text}).refuses(400, "invalid_parameter", "limit")


@limits.check("limit-capped", "A limit beyond the most is capped, however great")
def limit_capped(case: Case) -> None:
    most = case.server.limit("max_page_size", 500)
    for limit in (most + 1, 10**9, 10**17):
        answer = case.get(query={"limit": limit}).must(200)
        want(len(answer.json["items"]) <= most, f"a page has more than {most} rows", answer)


@limits.check("no-total", "No total unless it is asked for", row="paging")
def no_total(case: Case) -> None:
    answer = case.get().must(200)
    more = set(answer.json) & {"count", "total", "total_count"}
    want(not more, f"the page has {', '.join(more)}", answer)


@parameters.check("unknown-parameter", "An unknown parameter is refused by its name, never ignored")
def unknown_parameter(case: Case) -> None:
    case.get(query={"no_such_thing": "1"}).refuses(400, "unknown_parameter", "no_such_thing")


@parameters.check("parameter-case", "Parameters are known by their exact names")
def parameter_case(case: Case) -> None:
    for name in ("Limit", "limit ", "limit[]", "SORT", "cursor[eq]"):
        case.get(query={name: "1"}).refuses(400)


@parameters.check("repeated-parameter", "A parameter that is given twice is refused, alike or not")
def repeated_parameter(case: Case) -> None:
    for second in ("2", "3"):
        answer = case.get(query=[("limit", "2"), ("limit", second)])
        answer.refuses(400, "repeated_parameter", "limit")


@parameters.check("unknown-on-item", "A GET of a row refuses what it does not know", needs=("get",))
def unknown_on_item(case: Case) -> None:
    row = case.row()
    case.item(row, query={"no_such_thing": "1"}).refuses(400, "unknown_parameter", "no_such_thing")
    case.item(row, query=[("fields", "id"), ("fields", "id")]).refuses(400, "repeated_parameter")


@parameters.check(
    "unknown-on-write", "A write refuses a parameter that it does not know", needs=("create",)
)
def unknown_on_write(case: Case) -> None:
    answer = case.ask("POST", query={"no_such_thing": "1"}, body=case.body())
    answer.refuses(400, "unknown_parameter", "no_such_thing")


@parameters.check("bad-encoding", "A query string that is not UTF-8 is refused")
def bad_encoding(case: Case) -> None:
    for text in ("limit=%ff", "%ff=1", "fields=%c3%28", "id=%ed%a0%80"):
        case.get(query=text).refuses(400)


@parameters.check("nul-in-query", "The character U+0000 in a query string is refused")
def nul_in_query(case: Case) -> None:
    for text in ("fields=id%00", "sort=%00", "cursor=%00", "%00=1"):
        case.get(query=text).refuses(400)


@parameters.check("many-parameters", "A query string of hundreds of parameters is refused")
def many_parameters(case: Case) -> None:
    case.get(query="&".join(f"p{turn}=1" for turn in range(300))).refuses(400)


@parameters.check("empty-query", "A bare question mark, and stray ampersands, change nothing")
def empty_query(case: Case) -> None:
    plain = case.get(query={"limit": 1}).must(200)
    answer = case.get(query="&limit=1&").must(200)
    want(answer.json["items"] == plain.json["items"], "it gives another page", answer)
