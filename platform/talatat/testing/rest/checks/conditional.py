"""Conditional requests: ETags that tell whether a row changed, and what is asked by them."""

from __future__ import annotations

import re

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

CAPABILITY = "conditional-requests"
of = Family("conditional", "concurrency", needs=("get",), capability=CAPABILITY)
STRONG = re.compile(r'"[\x21\x23-\x7e]+"\Z')


def _tag(answer: Answer) -> str:
    found = answer.header("ETag")
    want(found, "it has no ETag", answer)
    return str(found)


@of.check("etag-strong", "A row has a strong ETag: quoted, without W/")
def etag_strong(case: Case) -> None:
    answer = case.item(case.row()).must(200)
    want(STRONG.match(_tag(answer)), f"its ETag is {_tag(answer)}", answer)


@of.check("etag-of-list", "A page has an ETag", needs=("list",))
def etag_of_list(case: Case) -> None:
    case.rows()
    first = case.get().must(200)
    want(_tag(case.get().must(200)) == _tag(first), "asked again it has another", first)


@of.check(
    "etag-stays",
    "As long as the row stays the ETag does, whoever writes elsewhere",
    needs=("get", "create"),
)
def etag_stays(case: Case) -> None:
    row = case.row()
    first = case.item(row).must(200)
    case.new()
    want(_tag(case.item(row).must(200)) == _tag(first), "it is another", first)


@of.check("etag-changes", "When the row changes the ETag does", needs=("get", "patch"))
def etag_changes(case: Case) -> None:
    row = case.row()
    before = _tag(case.item(row).must(200))
    answer = case.change(row)
    want(_tag(answer) != before, "it is the same", answer)
    want(_tag(case.item(row).must(200)) == _tag(answer), "a GET has another than the patch", answer)


@of.check(
    "etag-not-by-nothing", "A patch that changes nothing leaves the version", needs=("get", "patch")
)
def etag_not_by_nothing(case: Case) -> None:
    row = case.row()
    before = _tag(case.item(row).must(200))
    case.write(row, "PATCH", {}).must(200)
    want(_tag(case.item(row).must(200)) == before, "the ETag is another")


@of.check("etag-of-fields", "Other fields, another ETag")
def etag_of_fields(case: Case) -> None:
    row = case.row()
    whole = case.item(row).must(200)
    part = case.item(row, query={"fields": "id"}).must(200)
    want(_tag(part) != _tag(whole), "it is the same", part)
    same = case.item(row, query={"fields": "id"}, headers={"If-None-Match": _tag(whole)})
    same.must(200)


@of.check("list-etag-changes", "A page with another row has another ETag", needs=("list", "create"))
def list_etag_changes(case: Case) -> None:
    case.rows()
    query = {"limit": 500}
    before = _tag(case.get(query=query).must(200))
    case.new()
    want(_tag(case.get(query=query).must(200)) != before, "it is the same")


@of.check("not-modified", "If-None-Match with the ETag: 304, without a body, with the ETag")
def not_modified(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    for header in (tag, f'"x", {tag}', f"W/{tag}", "*", f'{tag} , "y"'):
        answer = case.item(row, headers={"If-None-Match": header}).must(304)
        want(answer.body == b"", "a 304 has a body", answer)
        want(answer.header("ETag") == tag, "a 304 has no ETag, or another", answer)
        want(answer.header("Content-Type") is None, "a 304 has a Content-Type", answer)


@of.check("modified", "If-None-Match with another ETag: 200")
def modified(case: Case) -> None:
    row = case.row()
    for header in ('"x"', '"0-0"', "nonsense", '""'):
        case.item(row, headers={"If-None-Match": header}).must(200)


@of.check("head-not-modified", "HEAD is conditional as GET is")
def head_not_modified(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    answer = case.item(row, "HEAD", headers={"If-None-Match": tag}).must(304)
    want(answer.body == b"", "a 304 has a body", answer)


@of.check("list-not-modified", "A page that one has already is a 304", needs=("list",))
def list_not_modified(case: Case) -> None:
    case.rows()
    tag = _tag(case.get().must(200))
    answer = case.get(headers={"If-None-Match": tag}).must(304)
    want(answer.body == b"", "a 304 has a body", answer)


@of.check(
    "stale-not-served", "After a change If-None-Match gives the row anew", needs=("get", "patch")
)
def stale_not_served(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    case.change(row)
    case.item(row, headers={"If-None-Match": tag}).must(200)


@of.check("if-match", "If-Match with the ETag lets a write through", needs=("get", "patch"))
def if_match(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    for header in (tag, f'"x", {tag}', "*"):
        case.item(row, "PATCH", body={}, headers={"If-Match": header}).must(200)


@of.check("if-match-stale", "A stale If-Match: 412, with the row as it is", needs=("get", "patch"))
def if_match_stale(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    now = case.change(row)
    answer = case.item(row, "PATCH", body={}, headers={"If-Match": tag})
    answer.refuses(412, "precondition_failed")
    want(answer.json.get("current") == now.json, "`current` is not the row", answer)
    want(
        answer.json.get("current_etag") == now.header("ETag"),
        "`current_etag` is not its ETag",
        answer,
    )
    want(_tag(answer) == now.header("ETag"), "its ETag is not the row's", answer)


@of.check("if-match-other", "If-Match with what is no ETag of the row: 412", needs=("get", "patch"))
def if_match_other(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    for header in ('"0-0"', '"x"', '""', f"W/{tag}", tag.strip('"'), "nonsense"):
        case.item(row, "PATCH", body={}, headers={"If-Match": header}).must(412, 400)


@of.check(
    "stale-writes-nothing",
    "A write that is refused for its If-Match writes nothing",
    needs=("get", "patch"),
)
def stale_writes_nothing(case: Case) -> None:
    row = case.row()
    name = case.changed_field(row)
    before = case.item(row).must(200)
    value = case.server.bodies(case.kind).value(
        name, case.kind.form("patch")["properties"][name], 977
    )
    case.item(row, "PATCH", body={name: value}, headers={"If-Match": '"0-0"'}).must(412)
    want(case.item(row).must(200).json == before.json, "the row is another")


@of.check(
    "if-match-of-fields", "The ETag of some fields is as good for If-Match", needs=("get", "patch")
)
def if_match_of_fields(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row, query={"fields": "id"}).must(200))
    case.item(row, "PATCH", body={}, headers={"If-Match": tag}).must(200)


@of.check(
    "lost-update", "Of two who change what they read, the second is told", needs=("get", "patch")
)
def lost_update(case: Case) -> None:
    row = case.row()
    tag = _tag(case.item(row).must(200))
    name = case.changed_field(row)
    bodies, schema = case.server.bodies(case.kind), case.kind.form("patch")["properties"][name]
    tag = _tag(case.item(row).must(200))
    answers = [
        case.item(
            row, "PATCH", body={name: bodies.value(name, schema, number)}, headers={"If-Match": tag}
        )
        for number in (961, 962)
    ]
    want(answers[0].status == 200, "the first is refused", answers[0])
    answers[1].must(412)


@of.check("put-stale", "PUT and DELETE with a stale If-Match are refused", needs=("get", "replace"))
def put_stale(case: Case) -> None:
    row = case.row()
    body = case.same("replace", row)
    case.write(row, "PUT", body, headers={"If-Match": '"0-0"'}).refuses(412, "precondition_failed")


@of.check(
    "match-is-required", "Where If-Match is required a write without it is a 428", needs=("patch",)
)
def match_is_required(case: Case) -> None:
    if not case.requires_match("patch"):
        raise case.lacks("it requires no If-Match")
    case.item(case.row(), "PATCH", body={}).refuses(428, "precondition_required")
