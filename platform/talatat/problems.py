"""Problem details (RFC 9457): the one way in which a request is told that it failed.

    raise Problem(409, "out_of_stock", "Only 2 left",
                  errors=[{"pointer": "/lines/0", "code": "out_of_stock", "detail": "Only 2 left"}])

A `Problem` is a Pyramid HTTP exception. Under `/api`, and wherever JSON is what the client accepts,
it is answered as `application/problem+json`; elsewhere as a small page for people. `code` is stable
and listed on the page that `type` points to; `detail` is a sentence for people and may change.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from pyramid.httpexceptions import HTTPException
from pyramid.response import Response

from talatat.composition import PLATFORM

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

CONTENT_TYPE = "application/problem+json"
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:=+-]{0,127}")
MOST_ERRORS = 100

# Stable codes of the platform itself, with what they mean; the page /docs/problems shows them.
# What an action of an addon answers beside these stands in its own `problems=`.
CODES: dict[str, str] = {
    "bad_request": "The request cannot be understood.",
    "malformed_json": "The body is not a JSON document in UTF-8.",
    "duplicate_member": "A name occurs twice in one object of the body.",
    "too_deep": "The body is nested too deeply.",
    "nul_character": "The body holds the character U+0000, which cannot be stored.",
    "unexpected_body": "The operation takes no body.",
    "unknown_parameter": "A query parameter is not one of this operation's.",
    "unknown_field": "`fields` names what is not a field.",
    "unknown_relation": "`expand` names what cannot be expanded, or not by these credentials.",
    "repeated_parameter": "A query parameter is given more than once.",
    "invalid_parameter": "A query parameter's value cannot be used; `errors` says why.",
    "invalid_cursor": "The cursor was not made by this server for this query.",
    "unauthorized": "Credentials are missing or not valid.",
    "forbidden": "The credentials do not permit this.",
    "csrf_failed": "A cookie authenticates the request; send the login's `csrf_token` as X-CSRF-Token.",
    "origin_refused": "A page of another site made the request.",
    "not_found": "There is no such thing, or it may not be seen.",
    "method_not_allowed": "The path does not take this method; see `Allow`.",
    "not_acceptable": "The answer cannot be given in an accepted content type.",
    "conflict": "The request contradicts what is stored.",
    "duplicate": "A value that must be unique is taken.",
    "reference": "A row that is referred to is missing, or this one is still referred to.",
    "constraint": "A constraint of the database refuses a value.",
    "patch_test_failed": "A `test` of the JSON patch does not hold; nothing was changed.",
    "request_timeout": "The request was not complete in time.",
    "precondition_failed": "The row has changed since its ETag was read; `current` shows it.",
    "body_too_large": "The body is larger than is accepted.",
    "headers_too_large": "The request line and the headers are larger than is accepted.",
    "unsupported_media_type": "The Content-Type is missing or not one that is accepted.",
    "invalid": "The body does not fit the schema; `errors` says where.",
    "too_many_items": "A batch has more items than are accepted.",
    "precondition_required": "Send `If-Match` with the ETag of the row.",
    "too_many_requests": "Wait as long as `Retry-After` says.",
    "internal_error": "The server failed. The log tells why, under `request_id`.",
    "unavailable": "The service cannot answer now; try again after `Retry-After` seconds.",
    "not_applied": "The database is not at this composition; `command` brings it there.",
    "superseded": "The database has gone beyond this process; `command` installs what serves it.",
    "database_unavailable": "The database cannot be reached; try again after `Retry-After` seconds.",
    "busy": "A lock was waited for in vain; try again after `Retry-After` seconds.",
}

# Which of them an answer of a status may have; each stands under one status only.
CODES_OF_STATUS: dict[int, tuple[str, ...]] = {
    400: (
        "bad_request", "malformed_json", "duplicate_member", "too_deep", "nul_character",
        "unexpected_body", "unknown_parameter", "unknown_field", "repeated_parameter",
        "invalid_parameter", "invalid_cursor", "unknown_relation",
    ),
    401: ("unauthorized",),
    403: ("forbidden", "csrf_failed", "origin_refused"),
    404: ("not_found",),
    405: ("method_not_allowed",),
    406: ("not_acceptable",),
    409: ("conflict", "duplicate", "reference", "constraint", "patch_test_failed"),
    412: ("precondition_failed",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("invalid", "too_many_items"),
    428: ("precondition_required",),
    429: ("too_many_requests",),
    500: ("internal_error",),
    503: ("unavailable", "not_applied", "superseded", "database_unavailable", "busy"),
}  # fmt: skip

# The code of an HTTP exception that carries none of its own.
CODE_OF_STATUS: dict[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    409: "conflict",
    412: "precondition_failed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid",
    428: "precondition_required",
    429: "too_many_requests",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}


class Problem(HTTPException):
    """An HTTP error with a stable `problem_code`, a `detail` for people and `errors`.

    Each error has a `pointer` (JSON pointer into the body) or a `parameter`, a `code` and a
    `detail`. `extra` are further members of the document, such as `current` of a 412.
    `HTTPException` keeps the number of the status in `code`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        title: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = status
        self.title = title or phrase(status)
        self.problem_code = code
        self.errors = [dict(error) for error in errors]
        self.extra = dict(extra or {})
        self.problem_headers = dict(headers or {})
        super().__init__(detail or CODES.get(code, ""))
        self.headers.update(self.problem_headers)

    def located(self, detail: str, errors: Iterable[Mapping[str, Any]]) -> Problem:
        """This problem as part of a larger document: with other pointers and another sentence."""
        title, extra = self.title, self.extra
        return Problem(self.code, self.problem_code, detail, errors, None, title, extra)

    def __str__(self) -> str:
        errors = "".join(
            f"; {e.get('pointer', e.get('parameter', ''))}: {e['detail']}" for e in self.errors
        )
        return f"{self.code} {self.problem_code}: {self.detail}{errors}"


def invalid(errors: Iterable[Mapping[str, Any]], status: int = 422) -> Problem:
    """The problem of a body that does not fit its schema. The first faults are told, the rest counted."""
    errors = list(errors)
    where = errors[0].get("pointer") or "the body" if errors else "the body"
    detail = f"{where} {errors[0]['detail']}" if errors else ""
    if len(errors) > 1:
        detail += f", and {len(errors) - 1} more"
    return Problem(status, "invalid", detail, errors[:MOST_ERRORS])


def bad_parameter(name: str, detail: str, code: str = "invalid_parameter") -> Problem:
    """The problem of a query parameter: 400, naming it."""
    return Problem(
        400, code, f"{name}: {detail}", [{"parameter": name, "code": code, "detail": detail}]
    )


def phrase(status: int) -> str:
    """The reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def is_api(request: Request) -> bool:
    """Whether the path is one of programs."""
    path: str = request.environ.get("PATH_INFO", "")
    return path == "/api" or path.startswith("/api/")


def wants_json(request: Request) -> bool:
    """Whether an error is answered as problem+json: under /api, or where JSON is preferred."""
    if is_api(request):
        return True
    accept = request.environ.get("HTTP_ACCEPT", "")
    if "json" not in accept:
        return False
    offers = request.accept.acceptable_offers(["text/html", "application/json", CONTENT_TYPE])
    return bool(offers) and offers[0][0] != "text/html"


def request_id(request: Request) -> str:
    """The id under which the log knows this request, the same for all attempts to answer it.

    It is the `Request-Id` that the request came with, if that is well formed, or a new one.
    """
    known = request.environ.get("talatat.request_id")
    if known is None:
        given = request.environ.get("HTTP_REQUEST_ID", "")
        known = given if WELL_FORMED_ID.fullmatch(given) else secrets.token_hex(16)
        request.environ["talatat.request_id"] = known
    return str(known)


def addon_of(request: Request) -> str:
    """The addon whose route this request took; the platform where it took none."""
    route = getattr(request, "matched_route", None)
    declared = None if route is None else request.registry.introspector.get("routes", route.name)
    return PLATFORM if declared is None else str(declared.get("addon", PLATFORM))


def document(request: Request, problem: Problem) -> dict[str, Any]:
    """The members of the problem document, in the order in which people like to read them."""
    found: dict[str, Any] = {
        "type": f"{request.application_url}/docs/problems/{problem.problem_code}",
        "title": problem.title,
        "status": problem.code,
        "detail": problem.detail,
        "instance": request.path,
        "code": problem.problem_code,
        "request_id": request_id(request),
        "addon": addon_of(request),
    }
    if problem.errors:
        found["errors"] = problem.errors
    found.update(problem.extra)
    return found


def response_of(request: Request, problem: Problem) -> Response:
    """The answer: problem+json or a small page, with the problem's own headers."""
    system = getattr(request.registry, "system", None)
    if system is not None:
        system.problem_codes.meet(problem.problem_code, addon_of(request))
    if wants_json(request):
        body = orjson.dumps(document(request, problem), default=str)
        response = Response(body, status=problem.code, content_type=CONTENT_TYPE)
    else:
        response = Response(page(request, problem), status=problem.code, content_type="text/html")
        response.charset = "UTF-8"
    response.headers.update(problem.problem_headers)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary = [*(response.vary or ()), "Accept"]
    return response


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{status} {title}</title>
<link rel="stylesheet" href="{root}/docs/assets/docs.css">
</head>
<body class="problem">
<main>
<h1>{title}</h1>
<p>{detail}</p>
<p class="quiet">{status} · <code>{code}</code> · request <code>{request_id}</code></p>
<p><a href="{root}/">Home</a></p>
</main>
</body>
</html>
"""


def page(request: Request, problem: Problem) -> bytes:
    """A small page without scripts, which needs nothing that could itself have failed."""
    return PAGE.format(
        status=problem.code,
        title=escape(problem.title),
        detail=escape(str(problem.detail or "")),
        code=escape(problem.problem_code),
        request_id=escape(request_id(request)),
        root=escape(request.script_name),
    ).encode("utf-8")


def includeme(config: Configurator) -> None:
    """Answer every HTTP exception and every failure of a request as a problem."""
    config.include("talatat.problem_views")
