"""Cursors: every row once, forth and back, whatever happens meanwhile; nobody can make one."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, urlsplit

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("cursors", "paging", needs=("list",))


def _cursor(url: str) -> str:
    return parse_qs(urlsplit(url).query)["cursor"][0]


def _a_cursor(case: Case) -> str:
    case.rows(2)
    return _cursor(case.get(query={"limit": 1}).must(200).json["next"])


@of.check("each-row-once", "Following `next` shows each row once")
def each_row_once(case: Case) -> None:
    case.rows()
    whole = [row["id"] for row in case.all(limit=500)]
    seen = [row["id"] for row in case.all(limit=max(2, len(whole) // 3))]
    want(len(seen) == len(set(seen)), "a row is shown twice")
    want(seen == whole, "small pages show other rows, or another order, than one large one")


@of.check(
    "inserted-meanwhile",
    "Rows that are inserted while one reads displace none",
    needs=("list", "create"),
)
def inserted_meanwhile(case: Case) -> None:
    before = {row["id"] for row in case.rows()}
    before = {row["id"] for row in case.all(limit=500)}
    size = max(2, len(before) // 4)
    seen: list[str] = []
    for turn, page in enumerate(case.pages(limit=size)):
        seen += [row["id"] for row in page.json["items"]]
        if turn < 3:
            case.new()
    want(len(seen) == len(set(seen)), "a row is shown twice")
    want(before <= set(seen), "a row that was there from the beginning is not shown")


@of.check(
    "deleted-meanwhile",
    "A row that is deleted while one reads hides no other",
    needs=("list", "create", "delete"),
)
def deleted_meanwhile(case: Case) -> None:
    case.rows(4)
    gone = case.new()
    order = [row["id"] for row in case.all(limit=500)]
    at = order.index(gone["id"])
    first = case.get(query={"limit": at + 1 if at < 400 else 1}).must(200)
    case.write(gone, "DELETE", None).must(204)
    rest = [row["id"] for row in first.json["items"]]
    following = first.json["next"]
    while following is not None:
        page = case.follow(following).must(200)
        rest += [row["id"] for row in page.json["items"]]
        following = page.json["next"]
    want(rest == order, "the pages after it are not what they were")


@of.check("prev-comes-back", "`prev` leads back to the page before")
def prev_comes_back(case: Case) -> None:
    case.rows(4)
    first = case.get(query={"limit": 2}).must(200)
    second = case.follow(first.json["next"]).must(200)
    want(second.json["prev"], "the second page has no prev", second)
    back = case.follow(second.json["prev"]).must(200)
    want(
        back.json["items"] == first.json["items"],
        "it shows other rows than the first page did",
        back,
    )
    forth = case.follow(back.json["next"]).must(200)
    want(
        forth.json["items"] == second.json["items"],
        "its next shows other rows than the second page",
        forth,
    )


@of.check("first-and-last", "The first page has no prev, the last one no next")
def first_and_last(case: Case) -> None:
    case.rows(3)
    pages = list(case.pages(limit=max(2, len(case.all(limit=500)) // 2)))
    want(pages[0].json["prev"] is None, "the first page has a prev", pages[0])
    want(pages[-1].json["next"] is None, "the last page has a next", pages[-1])
    want(pages[-1].json["items"], "the last page is empty", pages[-1])


@of.check("urls-are-complete", "`next` and `prev` are URLs that keep the rest of the query")
def urls_are_complete(case: Case) -> None:
    case.rows(3)
    asked = {"limit": "1", "fields": "id"}
    answer = case.get(query=asked).must(200)
    parts = urlsplit(answer.json["next"])
    want(
        parts.scheme and parts.netloc and parts.path.endswith(case.path),
        "next is no URL of this list",
        answer,
    )
    said = dict(parse_qsl(parts.query))
    want({**said, "cursor": ""} == {**asked, "cursor": ""}, f"next has {parts.query}", answer)


@of.check("link-header", "The Link header has the same URLs")
def link_header(case: Case) -> None:
    case.rows(4)
    first = case.get(query={"limit": 2}).must(200)
    for answer in (first, case.follow(first.json["next"]).must(200)):
        link = answer.header("Link") or ""
        found = {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', link)}
        said = {rel: answer.json[rel] for rel in ("next", "prev") if answer.json[rel]}
        want({rel: found.get(rel) for rel in said} == said, f"Link says {found}", answer)


@of.check("other-limit", "A cursor goes on with another limit")
def other_limit(case: Case) -> None:
    case.rows(4)
    order = [row["id"] for row in case.all(limit=500)][:4]
    cursor = _a_cursor(case)
    answer = case.get(query={"limit": 3, "cursor": cursor}).must(200)
    want([row["id"] for row in answer.json["items"]] == order[1:4], "it goes on elsewhere", answer)


@of.check("other-fields", "A cursor goes on with other fields")
def other_fields(case: Case) -> None:
    answer = case.get(query={"limit": 1, "fields": "id", "cursor": _a_cursor(case)}).must(200)
    want(set(answer.json["items"][0]) == {"id"}, "it shows other fields", answer)


def _refused(case: Case, cursor: str, **more: str) -> Answer:
    return case.get(query={"limit": 1, "cursor": cursor, **more}).refuses(
        400, "invalid_cursor", "cursor"
    )


@of.check("forged-cursor", "A cursor that the server did not make is refused")
def forged_cursor(case: Case) -> None:
    for text in (
        "",
        "1",
        "abc",
        "MQ",
        "eyJpZCI6MX0",
        "e30=",
        "null",
        "[]",
        "-",
        "ä",
        "%",
        "' OR 1=1 --",
        "A" * 64,
    ):
        _refused(case, text)


@of.check("mangled-cursor", "A cursor with another letter, with one more or one less, is refused")
def mangled_cursor(case: Case) -> None:
    cursor = _a_cursor(case)
    for place in (0, len(cursor) // 2, len(cursor) - 1):
        other = "A" if cursor[place] != "A" else "B"
        _refused(case, cursor[:place] + other + cursor[place + 1 :])
    for text in (
        cursor[:-1],
        cursor + "A",
        cursor + "=",
        cursor * 2,
        f" {cursor}",
        cursor.swapcase(),
    ):
        _refused(case, text)


@of.check("long-cursor", "A cursor of thousands of characters is refused")
def long_cursor(case: Case) -> None:
    _refused(case, "A" * (case.server.limit("max_cursor_characters", 8192) + 1))


@of.check("foreign-cursor", "A cursor of another list is refused")
def foreign_cursor(case: Case) -> None:
    for kind in case.server.kinds.values():
        if kind is case.kind or "list" not in kind.operations:
            continue
        other = Case(case.server, kind)
        page = other.get(query={"limit": 1}).must(200).json
        if page["next"] is not None:
            _refused(case, _cursor(page["next"]))
            return
    raise case.lacks("no other list has two pages")


@of.check("cursor-of-another-order", "A cursor does not go with another order")
def cursor_of_another_order(case: Case) -> None:
    cursor = _a_cursor(case)
    _refused(case, cursor, sort="-id" if "id" in case.kind.sorts else f"-{case.kind.sorts[0]}")


@of.check("cursor-of-another-filter", "A cursor does not go with another filter")
def cursor_of_another_filter(case: Case) -> None:
    cursor = _a_cursor(case)
    row = case.rows(1)[0]
    if "id" not in case.kind.filters:
        raise case.lacks("it has no filter by id")
    _refused(case, cursor, **{"id[ne]": row["id"]})
