"""Operations: names that generators make methods of, words for people, whose they are."""

from __future__ import annotations

import re

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import METHODS, Reading

OPERATION_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_-]*)+")
LONGEST = 120
USED = ("get", "put", "post", "delete", "patch")


@rule(
    "operation-id-form",
    "An operationId is the addon, the thing and the verb, with dots between them",
    why="Generators make method names of it; `orders.orders.checkout` says what it does and whose it is.",
    source="API.md, discovery; Zalando 101",
)
def operation_id_form(reading: Reading) -> Found:
    for one in reading.operations:
        if "operationId" not in one.data:
            yield (
                one.pointer,
                f"Give it an operationId such as '{one.addon or 'addon'}.things.list'.",
            )
        elif not OPERATION_ID.fullmatch(one.id):
            yield one.pointer, f"Write {one.id!r} in lower case, as addon.things.verb."


@rule(
    "operation-id-owner",
    "An operationId begins with the addon's name",
    why="Then no two addons can choose the same one, and a client's methods stand together.",
    source="API.md, discovery",
)
def operation_id_owner(reading: Reading) -> Found:
    for one in reading.operations:
        if OPERATION_ID.fullmatch(one.id) and one.addon and not one.id.startswith(f"{one.addon}."):
            yield one.pointer, f"Begin {one.id!r} with '{one.addon}.'."


@rule(
    "operation-id-unique",
    "No two operations have the same operationId",
    why="The second one would overwrite the first in a generated client.",
    source="OpenAPI 3.1, operation object",
)
def operation_id_unique(reading: Reading) -> Found:
    seen: dict[str, str] = {}
    for one in reading.operations:
        if seen.setdefault(one.id, one.pointer) != one.pointer:
            yield one.pointer, f"Choose another one than {one.id!r}, which {seen[one.id]} has."


@rule(
    "operation-addon",
    "Each operation says in x-addon whose it is",
    why="When something fails, whoever looks has to know whom to ask.",
    source="API.md, discovery",
)
def operation_addon(reading: Reading) -> Found:
    for one in reading.operations:
        if not one.addon:
            yield one.pointer, "Add x-addon with the addon's name."


@rule(
    "operation-summary",
    f"Each operation has a summary of at most {LONGEST} characters",
    why="Lists of operations show it, and generators write it over methods.",
    source="Zalando 101",
)
def operation_summary(reading: Reading) -> Found:
    for one in reading.operations:
        summary = str(one.data.get("summary", ""))
        if not summary.strip():
            yield one.pointer, "Begin the docstring with a sentence that says what it does."
        elif len(summary) > LONGEST:
            yield (
                one.pointer,
                f"Shorten the docstring's first line: it has {len(summary)} characters.",
            )


@rule(
    "operation-description",
    "Each operation is described",
    why="What it needs and what it changes is not seen from its name.",
    source="Zalando 101; Spectral operation-description",
)
def operation_description(reading: Reading) -> Found:
    for one in reading.operations:
        if not str(one.data.get("description", "")).strip():
            yield one.pointer, "Write a docstring that says what it needs and what it changes."


@rule(
    "operation-tag",
    "Each operation has one tag, which the document describes",
    why="Pages and clients are grouped by tags; an operation in two groups is generated twice.",
    source="API.md, discovery; Spectral operation-tag-defined",
)
def operation_tag(reading: Reading) -> Found:
    told = {tag.get("name") for tag in reading.document.get("tags", []) if tag.get("description")}
    for one in reading.operations:
        tags = one.data.get("tags", [])
        if len(tags) != 1 or tags[0] not in told:
            yield (
                one.pointer,
                "Give it the addon's name as its only tag, and describe that in `tags`.",
            )


@rule(
    "operation-permission",
    "Each operation says in x-permission what it asks for",
    why="Who asks for rights, and who gives them, need the name.",
    source="API.md, discovery; Zalando 105",
)
def operation_permission(reading: Reading) -> Found:
    for one in reading.operations:
        if not one.data.get("x-permission"):
            yield one.pointer, "Say permission='addon.name' (or 'public') at the view."


@rule(
    "operation-method",
    f"Methods are {', '.join(USED[:-1])} and {USED[-1]}",
    why="HEAD and OPTIONS are answered for every path; TRACE and others are answered by nobody.",
    source="RFC 9110, section 9",
)
def operation_method(reading: Reading) -> Found:
    for one in reading.operations:
        if one.method not in USED:
            yield one.pointer, f"Take it out of the document: {one.method.upper()} needs no word."


@rule(
    "operation-safe-body",
    "GET and DELETE take no body",
    why="What a body of theirs means is undefined; proxies drop it.",
    source="RFC 9110, section 9.3.1; Zalando 148",
)
def operation_safe_body(reading: Reading) -> Found:
    for one in reading.operations:
        if one.method in ("get", "delete") and one.body:
            yield one.pointer, "Make it a POST with a verb (`:search`), or use query parameters."


assert set(USED) <= set(METHODS)
