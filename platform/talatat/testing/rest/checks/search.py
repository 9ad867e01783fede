"""Search: POST /<resources>:search for and, or and not."""

from __future__ import annotations

from typing import Any

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.checks.filters import MANY
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("search", "search", needs=("search",), capability="search")
text = Family("search", "search", needs=("list",))


def _search(case: Case, **body: Any) -> Answer:
    return case.ask("POST", ":search", body=body)


def _ids(answer: Answer) -> list[str]:
    return [row["id"] for row in answer.must(200).json["items"]]


def _is(identifier: str, op: str = "eq") -> dict[str, Any]:
    return {"field": "id", "op": op, "value": identifier}


@of.check("search-empty", "An empty search is the list")
def empty(case: Case) -> None:
    case.rows()
    listed = [row["id"] for row in case.all(limit=MANY)]
    want(_ids(_search(case, limit=MANY)) == listed, "it gives others")


@of.check("search-documented", "It answers as the document says: a page, with cursors for POST")
def search_documented(case: Case) -> None:
    case.rows(3)
    answer = _search(case, limit=2).must(200)
    documented(case, "search", answer)
    want(
        answer.json["next"] is None and answer.json["prev"] is None, "next or prev are URLs", answer
    )
    want(answer.json.get("next_cursor"), "it has no next_cursor", answer)


@of.check("search-condition", "One condition gives the rows of which it holds")
def condition(case: Case) -> None:
    row = case.rows(2)[0]
    want(_ids(_search(case, where=_is(row["id"]))) == [row["id"]], "it gives others")


@of.check("search-or", "`or` gives the rows of either")
def either(case: Case) -> None:
    one, other = (row["id"] for row in case.rows(2)[:2])
    found = _ids(_search(case, where={"or": [_is(one), _is(other)]}))
    want(set(found) == {one, other}, "it gives others")


@of.check("search-and", "`and` gives the rows of both")
def both(case: Case) -> None:
    one, other = (row["id"] for row in case.rows(2)[:2])
    found = _ids(_search(case, where={"and": [{"or": [_is(one), _is(other)]}, _is(other, "ne")]}))
    want(found == [one], "it gives others")


@of.check("search-not", "`not` gives all others")
def negated(case: Case) -> None:
    row = case.rows(2)[0]
    listed = [one["id"] for one in case.all(limit=MANY)]
    found = _ids(_search(case, where={"not": _is(row["id"])}, limit=MANY))
    want(found == [one for one in listed if one != row["id"]], "it gives others")


@of.check("search-pages", "next_cursor leads through all rows, each once, and prev_cursor back")
def pages(case: Case) -> None:
    case.rows(4)
    listed = [row["id"] for row in case.all(limit=MANY)]
    size = max(2, len(listed) // 4)
    answer = _search(case, limit=size)
    found = _ids(answer)
    first, second = found, None
    while answer.json.get("next_cursor"):
        answer = _search(case, limit=size, cursor=answer.json["next_cursor"])
        second = second or answer
        found = found + _ids(answer)
    want(found == listed, "it gives others, or another order", answer)
    if second is not None:
        back = _search(case, limit=size, cursor=second.json["prev_cursor"])
        want(_ids(back) == first, "prev_cursor gives another page", back)


@of.check("search-cursor", "A cursor of another search, or of none, is refused")
def cursor(case: Case) -> None:
    case.rows(3)
    made = _search(case, limit=1).must(200).json["next_cursor"]
    for body in (
        {"cursor": made[:-1]},
        {"cursor": "x"},
        {"cursor": made, "where": _is(case.strange_id(), "ne")},
    ):
        _search(case, **body).must(400, 422)


@of.check("search-fields", "fields, sort and limit are those of the list")
def fields(case: Case) -> None:
    case.rows(3)
    answer = _search(case, fields="id", sort="-id", limit=2).must(200)
    want(all(set(row) == {"id"} for row in answer.json["items"]), "it shows other fields", answer)
    want(_ids(answer) == sorted(_ids(answer), reverse=True), "it is in another order", answer)


@of.check("search-malformed", "What is no search is refused, with a place")
def malformed(case: Case) -> None:
    trees: list[Any] = [
        {"field": "no_such", "op": "eq", "value": 1}, {"field": "id", "op": "like", "value": "x"}, {"and": {}}, {"xor": []},
        {"field": "id", "op": "eq"}, [], "id=1", {"not": []}, {"and": [], "or": []}, {"field": "id", "op": "eq", "value": {}},
    ]  # fmt: skip
    for where in trees:
        answer = _search(case, where=where).must(400, 422)
        want(answer.pointers, "it names no place", answer)
    _search(case, no_such_member=1).must(400, 422)
    for limit in (0, -1, "ten", 1.5):
        _search(case, limit=limit).must(400, 422)


@of.check("search-caps", "A tree that is too deep, or has too many conditions, is refused")
def caps(case: Case) -> None:
    tree: Any = _is(case.strange_id())
    for _ in range(12):
        tree = {"not": tree}
    _search(case, where=tree).must(400, 422)
    _search(case, where={"or": [_is(case.strange_id())] * 101}).must(400, 422)


@of.check(
    "search-writes-nothing",
    "A search is refused what a list is refused: an unknown parameter, another type",
)
def search_parameters(case: Case) -> None:
    case.ask("POST", ":search", query={"no_such_thing": "1"}, body={}).refuses(
        400, "unknown_parameter"
    )
    case.ask("POST", ":search", body=b"{}", headers={"Content-Type": "text/plain"}).refuses(415)
    case.ask("POST", ":search", body=b"[]").must(400, 422)


@text.check("full-text", "`q` finds a row by a word of it, and is refused where there is none")
def full_text(case: Case) -> None:
    if "q" not in case.kind.parameters("list"):
        case.get(query={"q": "x"}).refuses(400, "unknown_parameter", "q")
        return
    row = case.row()
    words = [
        word for value in row.values() if isinstance(value, str) and not value.endswith("Z")
        for word in value.split() if word.isalnum() and not word.isdigit()
    ]  # fmt: skip
    if not words:
        raise case.lacks("no field holds a word")
    found = {one["id"] for word in words for one in case.all({"q": word}, MANY)}
    want(row["id"] in found, f"no word of it finds it: {', '.join(words)}")
    want(
        case.get(query={"q": "qqzzxxqqzz"}).must(200).json["items"] == [],
        "it finds what is not there",
    )


@text.check("full-text-limits", "An empty `q`, and one of thousands of letters, are refused")
def full_text_limits(case: Case) -> None:
    if "q" not in case.kind.parameters("list"):
        raise case.lacks("it has no full text")
    most = case.server.limit("max_search_characters", 500)
    for said in ("", " ", "x" * (most + 1)):
        case.get(query={"q": said}).refuses(400, "invalid_parameter", "q")
    for said in ('"', "(((", "a & | b", "%_'", "*:", "-"):
        case.get(query={"q": said}).must(200)
