"""Errors: each with a status of its own, as a problem with a code."""

from __future__ import annotations

import re

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import Operation, Reading

PROBLEM = "application/problem+json"
LIMITS = ("RateLimit", "RateLimit-Policy")
CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


def _told(one: Operation, statuses: tuple[int, ...], why: str) -> Found:
    """A finding for each of `statuses` that an operation does not tell of."""
    for status in one.lists(*statuses):
        yield one.pointer, f"Add {status}: {why}."


@rule(
    "error-listed",
    "Each operation tells of an error, or has a default",
    why="Nothing that takes a request always succeeds.",
    source="API.md, discovery; Redocly operation-4xx-response",
)
def error_listed(reading: Reading) -> Found:
    for one in reading.operations:
        if not any(True for _ in one.errors()):
            yield one.pointer, "Say problems={...} at the view ({} for the usual ones)."


@rule(
    "error-problem",
    "Errors are problem documents",
    why="One reader of errors serves all operations of all addons.",
    source="API.md, errors; RFC 9457; Zalando 176",
)
def error_problem(reading: Reading) -> Found:
    for one in reading.operations:
        for status, pointer, response in one.errors():
            if one.is_platform and status[0] == "5":
                continue  # health answers what it found, under a status of 503
            content = response.get("content", {})
            if set(content) != {PROBLEM}:
                yield pointer, f"Raise a Problem: it is answered as {PROBLEM}."


@rule(
    "error-shared",
    "Errors are told once, and referred to",
    why="A shared one is one class in a client, and its codes stand in one place.",
    source="Zalando 151",
)
def error_shared(reading: Reading) -> Found:
    for one in reading.operations:
        for status, said in one.data.get("responses", {}).items():
            if str(status)[0] in "45d" and "$ref" not in said and not one.is_platform:
                yield f"{one.pointer}/responses/{status}", "Refer to a response of the components."


@rule(
    "error-unauthorized",
    "What is not public can be 401",
    why="Credentials may be missing or over.",
    source="API.md, status; RFC 9110, section 15.5.2",
)
def error_unauthorized(reading: Reading) -> Found:
    for one in reading.operations:
        if one.data.get("x-permission") not in (None, "", "public"):
            yield from _told(one, (401,), "it asks who is there")


@rule(
    "error-forbidden",
    "What asks for a permission can be 403",
    why="Somebody who is known may still not do it.",
    source="API.md, status; RFC 9110, section 15.5.4",
)
def error_forbidden(reading: Reading) -> Found:
    for one in reading.operations:
        if one.data.get("x-permission") not in (None, "", "public", "authenticated"):
            yield from _told(one, (403,), f"it asks for {one.data['x-permission']}")


@rule(
    "error-not-found",
    "What has a placeholder in its path can be 404",
    why="There may be nothing under that name, or nothing that one may see.",
    source="API.md, status",
)
def error_not_found(reading: Reading) -> Found:
    for one in reading.operations:
        if "{" in one.path:
            yield from _told(one, (404,), "what the path names may not be there")


@rule(
    "error-body",
    "What takes a body can be 400, 413, 415 and 422",
    why="It may be no JSON, too large, of another type, or against the schema.",
    source="API.md, status",
)
def error_body(reading: Reading) -> Found:
    for one in reading.operations:
        if one.body:
            yield from _told(one, (400, 413, 415, 422), "it takes a body")


@rule(
    "error-precondition",
    "What takes If-Match can be 412, and 428 where it is required",
    why="The row may have changed in between.",
    source="API.md, concurrency; RFC 9110, section 13; RFC 6585",
)
def error_precondition(reading: Reading) -> Found:
    for one in reading.operations:
        match = one.parameter("If-Match")
        if match is not None and one.method != "get":
            statuses = (412, 428) if match.get("required") else (412,)
            yield from _told(one, statuses, "it takes If-Match")


@rule(
    "error-conflict",
    "What writes can be 409",
    why="A value may be taken, or another write may have been first.",
    source="API.md, status",
)
def error_conflict(reading: Reading) -> Found:
    for one in reading.operations:
        if one.method in ("put", "patch", "delete"):
            yield from _told(one, (409,), "it writes")


@rule(
    "error-challenge",
    "401 has WWW-Authenticate",
    why="HTTP asks for it: the client is told how to prove who it is.",
    source="RFC 9110, section 11.6.1",
)
def error_challenge(reading: Reading) -> Found:
    for one in reading.operations:
        for status, pointer, response in one.errors():
            if status == "401" and "WWW-Authenticate" not in response.get("headers", {}):
                yield pointer, "Tell the header WWW-Authenticate."


@rule(
    "error-retry-after",
    "429 and 503 have Retry-After",
    why="Clients that guess when to come back all come at once.",
    source="API.md, status and limits; RFC 9110, section 10.2.3",
)
def error_retry_after(reading: Reading) -> Found:
    for one in reading.operations:
        for status, pointer, response in one.errors():
            if status in ("429", "503") and "Retry-After" not in response.get("headers", {}):
                yield pointer, "Tell the header Retry-After, and raise the Problem with it."


@rule(
    "error-limited",
    "Each operation can be 429 and 503, and 429 has RateLimit and RateLimit-Policy",
    why="A client that knows what is left slows down before it is refused.",
    source="API.md, limits; draft-ietf-httpapi-ratelimit-headers",
)
def error_limited(reading: Reading) -> Found:
    for one in reading.operations:
        errors = list(one.errors())
        if errors:  # or `error-listed` says it
            yield from _told(one, (429, 503), "every operation has limits")
        for status, pointer, response in errors:
            missing = [name for name in LIMITS if name not in response.get("headers", {})]
            if status == "429" and missing:
                yield pointer, f"Tell the headers {' and '.join(missing)}."


@rule(
    "error-code",
    "Codes are snake_case, and stand under a status of 4xx or 5xx that the operation tells",
    why="Programs decide by the code: it is stable, and its page says what to do.",
    source="API.md, errors",
)
def error_code(reading: Reading) -> Found:
    for one in reading.operations:
        for code, problem in one.data.get("x-problems", {}).items():
            status = problem.get("status", 0)
            if not CODE.fullmatch(code):
                yield one.pointer, f"Write the code {code!r} like 'out_of_stock'."
            if not 400 <= status <= 599 or one.lists(status):
                yield (
                    one.pointer,
                    f"Say problems={{{code!r}: (409, '...')}} with the status it has.",
                )
