"""Expand: the rows that a row refers to, in their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.testing.rest.case import Case, Row, want
from talatat.testing.rest.model import Family

of = Family("expand", "sparse, embed", needs=("get",), capability="expand")


def _names(case: Case) -> list[str]:
    found = list(case.kind.expandable)
    if not found:
        raise case.lacks("it refers to no other resource")
    return found


def _below(value: Any, name: str) -> Iterator[Any]:
    """Every value under a dotted name; lists are gone through."""
    head, _, rest = name.partition(".")
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and head in one:
            if rest:
                yield from _below(one[head], rest)
            else:
                yield one


def _referring(case: Case, name: str) -> Row:
    """A row that refers to something under `name`, if there is one."""
    rows = [case.row()]
    if "list" in case.kind.operations:
        rows += case.rows(1)
    for row in rows:
        holders = list(_below(row, f"{name}_id"))
        if any(one[f"{name.rpartition('.')[2]}_id"] for one in holders):
            return row
    return rows[0]


@of.check(
    "expand-documented",
    "What `expand` takes stands in the document, at each operation that shows rows",
)
def documented(case: Case) -> None:
    names = _names(case)
    for operation in ("get", "list", "create", "replace", "patch"):
        if operation in case.kind.operations:
            said = case.kind.parameters(operation).get("expand", {}).get("description")
            want(said, f"{operation} documents no expand")
            want(all(f"`{name}`" in str(said) for name in names), f"{operation} tells not all")


@of.check("expand-each", "Each name shows the row that is referred to, or null, beside the id")
def each(case: Case) -> None:
    for name in _names(case):
        row = _referring(case, name)
        answer = case.item(row, query={"expand": name}).must(200)
        last = name.rpartition(".")[2]
        for holder in _below(answer.json, name):
            shown, identifier = holder[last], holder.get(f"{last}_id")
            want(shown is None or isinstance(shown, dict), f"{name} is {shown!r}", answer)
            want(
                shown is None or identifier is None or shown["id"] == identifier,
                f"{name} is another row",
                answer,
            )
            want(identifier is not None or shown is None, f"{name} is there without an id", answer)
        for holder in _below(answer.json, f"{name}_id"):
            want(last in holder, f"{name} is not there", answer)
        want(set(row) <= set(answer.json), "fields are gone", answer)


@of.check("expand-is-the-row", "What is expanded is what its own resource shows")
def is_the_row(case: Case) -> None:
    for name in _names(case):
        row = _referring(case, name)
        answer = case.item(row, query={"expand": name}).must(200)
        for holder in _below(answer.json, name):
            shown = holder[name.rpartition(".")[2]]
            target = _target(case, name)
            if shown is None or target is None or "get" not in target.kind.operations:
                continue
            there = target.item(shown["id"])
            want(
                there.status != 200 or there.json == shown,
                f"its own resource shows {there.json}",
                answer,
            )


def _target(case: Case, name: str) -> Case | None:
    """The resource that a name leads to: the one whose rows have its schema."""
    schema = case.kind.expandable[name]
    for kind in case.server.kinds.values():
        if kind.shown is schema or kind.shown == schema:
            return Case(case.server, kind)
    return None


@of.check("expand-in-list", "A list expands as a row does", needs=("get", "list"))
def in_list(case: Case) -> None:
    name = _names(case)[0]
    rows = case.rows(2)
    page = case.get(query={"expand": name, "limit": max(2, len(rows))}).must(200)
    for row in page.json["items"][:3]:
        alone = case.item(row, query={"expand": name}).must(200)
        want(alone.json == row, f"the list shows it as {row}", alone)


@of.check("expand-unknown", "A name that leads nowhere is refused")
def unknown(case: Case) -> None:
    row = case.row()
    known = next(iter(case.kind.expandable), "x")
    for text in (
        "no_such",
        f"{known},no_such",
        f"{known}.no_such",
        f"{known}_id",
        "",
        ",",
        f"{known}.a.b.c",
        "id",
    ):
        case.item(row, query={"expand": text}).refuses(400)


@of.check("expand-too-many", "More than five names are refused")
def too_many(case: Case) -> None:
    name = _names(case)[0]
    text = ",".join([name] * 6)
    case.item(case.row(), query={"expand": text}).refuses(400)


@of.check("expand-etag", "Expanded, the row has another ETag, which If-Match takes as well")
def etag(case: Case) -> None:
    name = _names(case)[0]
    row = case.row()
    plain = case.item(row).must(200)
    wide = case.item(row, query={"expand": name}).must(200)
    want(wide.header("ETag") != plain.header("ETag"), "it is the same", wide)
    stale = case.item(
        row, query={"expand": name}, headers={"If-None-Match": str(plain.header("ETag"))}
    )
    stale.must(200)
