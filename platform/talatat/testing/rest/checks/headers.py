"""Headers of every answer; HEAD and OPTIONS; what caches may keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("headers", "tracing")
read = Family("headers", "path and version", needs=("list",))
caching = Family("caching", "caching, CORS", needs=("list",))
POLICY = re.compile(r'"(?P<name>[a-z0-9_.-]+)";q=(?P<number>[1-9]\d*);w=[1-9]\d*')
LEFT_OF = re.compile(r'"(?P<name>[a-z0-9_.-]+)";r=(?P<number>\d+);t=[1-9]\d*')
LEFT = {
    "request-id",
    "date",
    "content-length",
    "server",
    "traceparent",
    "tracestate",
    "server-timing",
    "connection",
    "ratelimit",
}


@of.check("request-id", "Every answer has a Request-Id, and each its own")
def request_id(case: Case) -> None:
    case.get()
    for one in case.kept:
        want(one.header("Request-Id"), "it has none", one)
    first, second = case.get().header("Request-Id"), case.get().header("Request-Id")
    want(first != second, f"two answers have {first}")


@of.check("request-id-taken", "A well formed Request-Id comes back; another is replaced")
def request_id_taken(case: Case) -> None:
    answer = case.get(headers={"Request-Id": "abc-123.x:1"})
    want(answer.header("Request-Id") == "abc-123.x:1", "it is another", answer)
    for text in ("a b", "<script>", "x" * 300, "ä", "-"):
        answer = case.get(headers={"Request-Id": text})
        want(answer.header("Request-Id") not in (None, text), "it comes back", answer)


@of.check("nosniff", "Every answer says nosniff")
def nosniff(case: Case) -> None:
    case.get()
    for one in case.kept:
        want(one.header("X-Content-Type-Options") == "nosniff", "it does not", one)


@of.check("no-cookies", "No answer sets a cookie", row="shape")
def no_cookies(case: Case) -> None:
    case.get()
    for one in case.kept:
        want(one.header("Set-Cookie") is None, "it sets one", one)


@of.check("limits", "Limits, where they are told, are those that were counted, and what is left")
def limits(case: Case) -> None:
    case.get()
    for one in case.kept:
        policies, left = one.header("RateLimit-Policy"), one.header("RateLimit")
        want((policies is None) == (left is None), "one of the two is missing", one)
        quotas = dict(_members(POLICY, policies or "", one))
        for name, rest in _members(LEFT_OF, left or "", one):
            want(name in quotas, f"{name} is no policy of {policies}", one)
            want(rest <= quotas[name], f"{rest} of {quotas[name]} are left of {name}", one)


def _members(form: re.Pattern[str], field: str, answer: Answer) -> Iterator[tuple[str, int]]:
    """(name, number) of each member of a list of structured fields."""
    for member in field.split(", ") if field else ():
        match = form.fullmatch(member)
        want(match is not None, f"{member!r} cannot be read", answer)
        if match is not None:
            yield match["name"], int(match["number"])


@of.check("no-redirects", "No answer leads elsewhere")
def no_redirects(case: Case) -> None:
    case.get()
    for one in case.kept:
        want(not 300 <= one.status < 400 or one.status == 304, f"it answers {one.status}", one)


@of.check("content-length", "Content-Length is the length of the body, and a body has a type")
def content_length(case: Case) -> None:
    case.get()
    for one in case.kept:
        said = one.header("Content-Length")
        if one.sent.method != "HEAD" and said is not None and one.status != 304:
            want(int(said) == len(one.body), f"it says {said}, and has {len(one.body)}", one)
        want(not one.body or one.content_type, "a body has no type", one)


def _alike(got: Answer, head: Answer) -> None:
    want(head.status == got.status, f"HEAD answers {head.status}, GET {got.status}", head)
    want(head.body == b"", "HEAD has a body", head)
    for name in {key.lower() for key, _ in (*got.headers, *head.headers)} - LEFT:
        want(
            head.header(name) == got.header(name),
            f"{name} is {head.header(name)}, for GET {got.header(name)}",
            head,
        )


@read.check("head-of-list", "HEAD of a list is GET without the body")
def head_of_list(case: Case) -> None:
    case.rows(2)
    for query in ({"limit": 1}, {"limit": 0}):
        _alike(case.get(query=query), case.ask("HEAD", query=query))


@read.check("head-of-row", "HEAD of a row is GET without the body", needs=("get",))
def head_of_row(case: Case) -> None:
    row = case.row()
    _alike(case.item(row), case.item(row, "HEAD"))
    nobody = case.strange_id()
    _alike(case.item(nobody), case.item(nobody, "HEAD"))


@read.check("options", "OPTIONS tells the methods of a path, and touches nothing", needs=())
def options(case: Case) -> None:
    for suffix in ("", "/{id}"):
        methods = case.kind.methods(suffix)
        if not methods:
            continue
        answer = case.ask("OPTIONS", suffix.replace("{id}", case.strange_id())).must(200, 204)
        allowed = {one.strip() for one in (answer.header("Allow") or "").split(",")}
        want(methods | {"OPTIONS"} <= allowed, f"Allow is {answer.header('Allow')!r}", answer)
        want("GET" not in methods or "HEAD" in allowed, "Allow has GET and no HEAD", answer)


@caching.check(
    "cache-control",
    "A page and a row say how they may be kept, and never that all may keep them unasked",
)
def cache_control(case: Case) -> None:
    answers = [case.get().must(200)]
    if "get" in case.kind.operations:
        answers.append(case.item(case.row()).must(200))
    for answer in answers:
        said = {one.strip() for one in (answer.header("Cache-Control") or "").split(",")}
        want(said - {""}, "it has no Cache-Control", answer)
        want(
            "private" in said or "public" in said or "no-store" in said,
            f"it says {', '.join(said)}",
            answer,
        )


@caching.check("cache-same-on-304", "A 304 has the Cache-Control and the Vary of the 200")
def cache_on_304(case: Case) -> None:
    case.rows(1)
    first = case.get().must(200)
    again = case.get(headers={"If-None-Match": first.header("ETag") or "*"}).must(304)
    for name in ("Cache-Control", "Vary", "ETag"):
        want(again.header(name) == first.header(name), f"{name} is {again.header(name)}", again)


@caching.check("vary", "Vary names what was looked at: the credentials and Accept")
def vary(case: Case) -> None:
    answers = [case.get().must(200)]
    if "get" in case.kind.operations:
        answers.append(case.item(case.row()).must(200))
    for answer in answers:
        named = {one.strip().lower() for one in (answer.header("Vary") or "").split(",")}
        want(
            {"accept", "authorization", "cookie"} <= named,
            f"it is {answer.header('Vary')!r}",
            answer,
        )


@caching.check("writes-not-kept", "What a write answers is not kept by others", needs=("create",))
def writes_not_kept(case: Case) -> None:
    said = case.create().header("Cache-Control") or ""
    want("private" in said or "no-store" in said, f"Cache-Control is {said!r}")
