"""Problems: what every error answer has, whatever made it. They look back on all that was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("problems", "errors")
MEMBERS = ("type", "title", "status", "detail", "instance", "code", "request_id", "addon")


def _refuse(case: Case) -> None:
    """Have some errors to look at, also where no other check was asked."""
    case.get("/x/y/z")
    case.ask("BREW")
    case.get(query={"no_such_thing": "1"})
    case.ask("POST", body=b"{")


def _errors(case: Case) -> Iterator[Answer]:
    _refuse(case)
    return (one for one in case.kept if one.status >= 400 and one.sent.method != "HEAD")


def _of_each(case: Case, holds: Callable[[Answer], object], text: str) -> None:
    for one in _errors(case):
        want(holds(one), text, one)


@of.check("no-failure", "Nothing that was asked is a 5xx", row="status")
def no_failure(case: Case) -> None:
    _refuse(case)
    for one in case.kept:
        want(one.status < 500, f"it answers {one.status}", one)


@of.check("problem-type", "Every error is application/problem+json")
def problem_type(case: Case) -> None:
    _of_each(case, lambda one: one.content_type == "application/problem+json", "it is another type")


@of.check("problem-members", "Every problem has its members")
def problem_members(case: Case) -> None:
    for one in _errors(case):
        missing = [name for name in MEMBERS if name not in one.json]
        want(not missing, f"it has no {', '.join(missing)}", one)
        want(
            all(isinstance(one.json[name], str) for name in MEMBERS if name != "status"),
            "one is no text",
            one,
        )


@of.check("problem-status", "`status` is the status")
def problem_status(case: Case) -> None:
    _of_each(case, lambda one: one.json["status"] == one.status, "it is another")


@of.check("problem-instance", "`instance` is the path that was asked for")
def problem_instance(case: Case) -> None:
    case.get("/x/y/z")
    answer = case.get(query={"no_such_thing": "1"})
    want(answer.json["instance"] == case.path, f"it is {answer.json['instance']}", answer)
    _of_each(case, lambda one: one.json["instance"].startswith("/"), "it is no path")


@of.check("problem-addon", "`addon` is whose route was asked for")
def problem_addon(case: Case) -> None:
    answer = case.get(query={"no_such_thing": "1"})
    want(answer.status != 400 or answer.json["addon"] == case.kind.group, "it is another's", answer)


@of.check("problem-request-id", "`request_id` is the Request-Id of the answer")
def problem_request_id(case: Case) -> None:
    # An answer that is replayed is word for word what the first request was answered.
    _of_each(
        case,
        lambda one: (
            one.header("Idempotent-Replay") or one.json["request_id"] == one.header("Request-Id")
        ),
        "it is another",
    )


@of.check("problem-codes", "Codes are words, and errors have one, a detail and a place")
def problem_codes(case: Case) -> None:
    for one in _errors(case):
        want(
            str(one.json["code"]).replace("_", "").isalnum() and one.json["code"].islower(),
            "its code is no word",
            one,
        )
        for error in one.json.get("errors", ()):
            want(
                error.get("code") and error.get("detail"), "an error has no code or no detail", one
            )
            want({"pointer", "parameter", "header"} & set(error), "an error has no place", one)


@of.check("problem-pages", "`type` is a URL of this server, which answers 200")
def problem_pages(case: Case) -> None:
    pages: dict[str, Answer] = {}
    for one in _errors(case):
        pages.setdefault(str(one.json["type"]).partition("#")[0], one)
    for url, one in pages.items():
        parts = urlsplit(url)
        # A server that cannot read a request knows no host: then the URL is a path.
        here = parts.scheme in ("http", "https") and parts.netloc
        want(here or (one.status == 400 and url.startswith("/")), f"type is {url}", one)
        answer = case.server.ask("GET", parts.path, who=None, headers={"Accept": "text/html"})
        want(answer.status == 200, f"{url} answers {answer.status}", one)


@of.check("problem-not-kept", "No error is kept by a cache")
def problem_not_kept(case: Case) -> None:
    _of_each(case, lambda one: "no-store" in (one.header("Cache-Control") or ""), "it may be kept")


@of.check("problem-tells-nothing", "No error tells of the server's insides")
def problem_tells_nothing(case: Case) -> None:
    words = (
        b"Traceback",
        b"sqlalchemy",
        b"psycopg",
        b"sqlite3",
        b".py",
        b"SELECT ",
        b"INSERT ",
        b"<class ",
    )
    for one in _errors(case):
        found = [word.decode() for word in words if word in one.body and word not in one.sent.body]
        want(not found, f"it says {', '.join(found)}", one)
