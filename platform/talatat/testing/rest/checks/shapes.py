"""Shapes: rows and pages as the document says them, ids, moments, money, what other addons add."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from talatat.testing.conformance.answers import wrong_answer
from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("shapes", "shape", needs=("list",))
types = Family("shapes", "ids, types", needs=("list",))
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z\Z")
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
AMOUNT = re.compile(r"-?\d+(\.\d+)?\Z")


class _Response:
    """An answer as the comparison with the document wants it."""

    def __init__(self, answer: Answer) -> None:
        self.status_code, self.content_type = answer.status, answer.content_type
        self.json = answer.json if answer.body else None


def documented(case: Case, operation: str, answer: Answer) -> None:
    """Fail unless an answer is what the document says of an operation."""
    said = case.kind.operations[operation]
    for text in wrong_answer(case.server.document, said, _Response(answer)):
        want(False, text, answer)


@of.check("page-shape", "A list is an object of items, next and prev")
def page_shape(case: Case) -> None:
    answer = case.get().must(200)
    page = answer.json
    want(isinstance(page, dict), "a list answers no object", answer)
    want({"items", "next", "prev"} <= set(page), f"the page has only {', '.join(page)}", answer)
    want(isinstance(page["items"], list), "items is no list", answer)
    for name in ("next", "prev"):
        want(page[name] is None or isinstance(page[name], str), f"{name} is no URL", answer)


@of.check("page-documented", "A list answers as its schema says")
def page_documented(case: Case) -> None:
    case.rows()
    documented(case, "list", case.get().must(200))


@of.check(
    "row-documented", "A row answers as its schema says, on top and not wrapped", needs=("get",)
)
def row_documented(case: Case) -> None:
    answer = case.item(case.row()).must(200)
    documented(case, "get", answer)
    want("id" in answer.json and "items" not in answer.json, "the row is wrapped", answer)


@of.check("one-row-one-shape", "A row in a list is what a GET of it shows", needs=("list", "get"))
def one_shape(case: Case) -> None:
    for row in case.rows()[:3]:
        answer = case.item(row).must(200)
        want(answer.json == row, f"the list shows it as {row}", answer)


@of.check("json-utf8", "Answers are application/json, in UTF-8")
def json_utf8(case: Case) -> None:
    answer = case.get().must(200)
    want(answer.content_type == "application/json", "it is no application/json", answer)
    answer.body.decode("utf-8")


@of.check("snake-case", "Names of fields are snake_case")
def snake_case(case: Case) -> None:
    for name in case.kind.properties:
        want(NAME.match(name), f"a field is named {name}")


@of.check(
    "under-its-name",
    "What another addon adds stands under that addon's name",
    row="what another addon adds",
)
def under_its_name(case: Case) -> None:
    names = [
        name for name, schema in case.kind.properties.items()
        if schema.get("x-addon") not in (None, case.kind.group) and "properties" in schema
    ]  # fmt: skip
    foreign = [name for name in names if name == case.kind.properties[name]["x-addon"]]
    if not foreign:
        raise case.lacks("no other addon adds anything")
    for row in case.rows(1)[:1]:
        for name in foreign:
            want(isinstance(row.get(name), dict | None), f"{name} is {row.get(name)!r}")


def _walk(case: Case, schema: Any, value: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(name, schema, value) of everything below a value that its schema knows."""
    schema = case.kind.resolved(schema)
    yield name, schema, value
    if isinstance(value, dict):
        for key, said in schema.get("properties", {}).items():
            if key in value:
                yield from _walk(case, said, value[key], f"{name}.{key}".lstrip("."))
    elif isinstance(value, list) and "items" in schema:
        for one in value:
            yield from _walk(case, schema["items"], one, name)


def _values(case: Case) -> Iterator[tuple[str, Any, Any]]:
    for row in case.rows():
        yield from _walk(case, case.kind.shown, row)


@types.check("ids-are-texts", "Ids are texts: UUIDs where the document says so")
def ids_are_texts(case: Case) -> None:
    schema = case.kind.properties.get("id", {})
    for row in case.rows():
        want(isinstance(row["id"], str) and row["id"], f"the id {row['id']!r} is no text")
        if schema.get("format") == "uuid":
            want(str(uuid.UUID(row["id"])) == row["id"], f"{row['id']} is not as UUIDs are written")


@types.check(
    "new-ids-are-v7", "The server makes UUIDs of version 7, later ones greater", needs=("create",)
)
def new_ids(case: Case) -> None:
    if case.kind.properties.get("id", {}).get("format") != "uuid":
        raise case.lacks("its ids are no UUIDs")
    first, second = case.new()["id"], case.new()["id"]
    want(uuid.UUID(first).version == 7, f"{first} is not of version 7")
    want(
        uuid.UUID(first).int >> 80 <= uuid.UUID(second).int >> 80, f"{second} is not after {first}"
    )


@types.check("moments-in-utc", "Moments are RFC 3339, in UTC with Z")
def moments(case: Case) -> None:
    seen = 0
    for name, schema, value in _values(case):
        if schema.get("format") == "date-time" and value is not None:
            seen += 1
            want(UTC.match(value), f"{name} is {value}")
            datetime.fromisoformat(value)
    if not seen:
        raise case.lacks("no field holds a moment")


@types.check("money", "Money is an amount, as a text, with its currency")
def money(case: Case) -> None:
    seen = 0
    for name, schema, value in _values(case):
        if set(schema.get("properties", {})) == {"amount", "currency"} and value is not None:
            seen += 1
            good = isinstance(value["amount"], str) and AMOUNT.match(value["amount"])
            want(good and re.fullmatch("[A-Z]{3}", value["currency"]), f"{name} is {value}")
    if not seen:
        raise case.lacks("no field holds money")
