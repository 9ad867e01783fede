"""Errors: bodies that cannot be read, types that are not taken, methods that are not there."""

from __future__ import annotations

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("errors", "status", needs=("create",))
any_of = Family("errors", "status")


def _send(case: Case, raw: bytes, **headers: str) -> Answer:
    return case.ask("POST", body=raw, headers={k.replace("_", "-"): v for k, v in headers.items()})


@of.check("malformed-json", "A body that is no JSON is a 400")
def malformed(case: Case) -> None:
    for raw in (
        b"{", b"}", b"{'a': 1}", b'{"a": 1,}', b"{a: 1}", b'{"a": 01}', b'{"a": .5}', b'{"a" 1}', b"[1,]",
        b'{"a": 1} x', b'{"a": tru}', b'"\\x41"', b'{"a": "\n"}', b"// no\n{}", b"<a/>", b"a=1", b"\xff\xfe{}",
    ):  # fmt: skip
        _send(case, raw).refuses(400, "malformed_json")


@of.check("empty-body", "An empty body is a 400")
def empty_body(case: Case) -> None:
    for raw in (b"", b" ", b"\n\t"):
        _send(case, raw).refuses(400, "malformed_json")


@of.check("no-numbers", "NaN, Infinity and numbers beyond measure are no JSON")
def no_numbers(case: Case) -> None:
    for text in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000):
        answer = _send(case, f'{{"a": {text}}}'.encode())
        answer.refuses(400, "malformed_json")


@of.check("duplicate-member", "A name that occurs twice in an object is a 400")
def duplicate_member(case: Case) -> None:
    for raw in (b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'{"b": [{"a": 1, "a": 2}]}'):
        _send(case, raw).refuses(400, "duplicate_member")


@of.check(
    "too-deep", "A body that is nested beyond the limit is a 400, also where it is never closed"
)
def too_deep(case: Case) -> None:
    deep = case.server.limit("max_body_depth", 32) + 1
    for count in (deep, 20_000):
        _send(case, b"[" * count + b"]" * count).refuses(400, "too_deep")
        _send(case, b'{"a":' * count).refuses(400)


@of.check("not-too-deep", "Brackets inside of texts are not nesting")
def not_too_deep(case: Case) -> None:
    _send(case, b'{"no_such_field": "' + b"[{" * 200 + b'"}').must(422)


@of.check("nul-character", "The character U+0000 in a body is a 400")
def nul_character(case: Case) -> None:
    for raw in (b'{"a": "x\\u0000"}', b'{"\\u0000": 1}'):
        _send(case, raw).refuses(400, "nul_character")
    _send(case, b'{"a": "\x00"}').refuses(400)


@of.check("escaped-nul", "Six letters that look like U+0000 are letters")
def escaped_nul(case: Case) -> None:
    _send(case, b'{"no_such_field": "\\\\u0000"}').must(422)


@of.check("byte-order-mark", "A byte order mark is no part of JSON: 400")
def byte_order_mark(case: Case) -> None:
    _send(case, b"\xef\xbb\xbf{}").refuses(400, "malformed_json")


@of.check("not-utf8", "A body that is not UTF-8 is a 400")
def not_utf8(case: Case) -> None:
    for raw in (
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"a": "ä"}'.encode("latin-1"),
        "{}".encode("utf-16"),
    ):
        _send(case, raw).refuses(400, "malformed_json")


@of.check("lone-surrogates", "Half of a surrogate pair is a 400")
def lone_surrogates(case: Case) -> None:
    for raw in (b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": "\\udc00\\ud800"}'):
        _send(case, raw).refuses(400, "malformed_json")


@of.check("no-content-type", "A body without a content type is a 415")
def no_content_type(case: Case) -> None:
    answer = _send(case, b"{}", Content_Type="")
    answer.refuses(415, "unsupported_media_type")


@of.check("other-content-type", "Another content type is a 415, which tells what is taken")
def other_content_type(case: Case) -> None:
    for kind in (
        "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/jsonx", "application/json-patch+json", "json", "*/*", "text/json",
    ):  # fmt: skip
        answer = _send(case, b"{}", Content_Type=kind)
        answer.refuses(415, "unsupported_media_type")
        want("application/json" in (answer.header("Accept") or ""), "it has no Accept", answer)


@of.check("other-charset", "A charset that is not UTF-8 is a 415; UTF-8 may be said")
def other_charset(case: Case) -> None:
    for charset in ("latin-1", "utf-16", "utf-7", "iso-8859-1", "nonsense"):
        answer = _send(case, b"{}", Content_Type=f"application/json; charset={charset}")
        answer.refuses(415, "unsupported_media_type")
    for kind in (
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "Application/JSON",
    ):
        _send(case, b'{"no_such_field": 1}', Content_Type=kind).must(422)


@of.check("too-large", "A body beyond the limit is a 413 that tells it")
def too_large(case: Case) -> None:
    limit = case.server.limit("max_body_bytes", 1024 * 1024)
    answer = _send(case, b'{"no_such_field": "' + b"a" * limit + b'"}')
    answer.refuses(413, "body_too_large")
    want(answer.json.get("limit") == limit, "it does not tell the limit", answer)


@any_of.check(
    "not-acceptable",
    "Where JSON is not accepted: 406, in problem+json all the same",
    needs=("list",),
)
def not_acceptable(case: Case) -> None:
    for accept in ("text/html", "application/xml", "image/*", "text/csv;q=1.0"):
        case.get(headers={"Accept": accept}).refuses(406, "not_acceptable")


@any_of.check("acceptable", "JSON is given to whoever takes it, or says nothing", needs=("list",))
def acceptable(case: Case) -> None:
    for accept in (
        "",
        "*/*",
        "application/*",
        "text/html, */*;q=0.1",
        "application/json;q=0.5",
        "APPLICATION/JSON",
    ):
        answer = case.get(headers={"Accept": accept}).must(200)
        want(answer.content_type == "application/json", "it is no JSON", answer)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _paths(case: Case) -> list[tuple[str, set[str]]]:
    row = case.strange_id()
    found = [("", case.kind.methods("")), (f"/{row}", case.kind.methods("/{id}"))]
    for action in case.kind.actions:
        suffix = action.path.removeprefix(case.path)
        found.append((suffix.replace("{id}", row), case.kind.methods(suffix)))
    return [(suffix, methods) for suffix, methods in found if methods]


@any_of.check("method-not-allowed", "A method that a path does not take is a 405 with Allow")
def method_not_allowed(case: Case) -> None:
    for suffix, methods in _paths(case):
        for method in (*METHODS, "BREW", "TRACE", "CONNECT"):
            if method in methods:
                continue
            answer = case.ask(
                method, suffix, body={} if method in ("POST", "PUT", "PATCH") else None
            )
            answer.refuses(405, "method_not_allowed")
            allowed = {one.strip() for one in (answer.header("Allow") or "").split(",")}
            want(methods <= allowed, f"Allow is {answer.header('Allow')!r}", answer)
            want(method not in allowed, "Allow names the method that was refused", answer)


@any_of.check("method-in-small-letters", "Methods are told apart by their letters")
def method_letters(case: Case) -> None:
    case.ask("get").must(405, 400, 501)


@any_of.check(
    "no-method-override",
    "No header and no parameter turns a method into another",
    needs=("get", "delete"),
)
def no_method_override(case: Case) -> None:
    row = case.row()
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        case.item(row, headers={name: "DELETE"}).must(200)
    case.item(row, query={"_method": "DELETE"}).must(400)
    case.item(row).must(200)


@any_of.check("strange-ids", "What is no id, or nobody's, is a 404", needs=("get",))
def strange_ids(case: Case) -> None:
    texts = (
        case.strange_id(), "0", "-1", "null", "undefined", "nil", "a" * 3000, "%20", "%F0%9F%99%82", "..%2f", "%2e%2e",
        "'%20or%201=1--", "{id}", "*", "%25", "0x10", "1e9", "00000000-0000-0000-0000-000000000000", ";x", "a,b",
    )  # fmt: skip
    for text in texts:
        case.item(text).refuses(404)


@any_of.check(
    "undecodable-path", "A path that is not UTF-8, or holds U+0000, is a 400 or 404", needs=("get",)
)
def undecodable_path(case: Case) -> None:
    for text in ("%ff", "%c3%28", "%00", "a%00b", "%ed%a0%80"):
        answer = case.item(text).must(400, 404)
        want(answer.content_type == "application/problem+json", "it is no problem", answer)


@any_of.check("look-alikes", "A path that looks like this one is nobody's")
def look_alikes(case: Case) -> None:
    for suffix in ("-x", "x", ".json", ":", ":no-such-verb", ":x:y", "%20", ";a=1", "//"):
        answer = case.get(suffix)
        answer.refuses(404)
