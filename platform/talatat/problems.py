"""Problem details (RFC 9457): the one way in which a request is told that it failed.

    raise Problem(409, "out_of_stock", "Only 2 left",
                  errors=[{"pointer": "/lines/0", "code": "out_of_stock", "detail": "Only 2 left"}])

A `Problem` is a Pyramid HTTP exception. Under `/api`, and wherever JSON is what the client accepts,
it is answered as `application/problem+json`; elsewhere as a small page for people. `code` is stable
and listed on the page that `type` points to; `detail` is a sentence for people and may change.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from pyramid.httpexceptions import HTTPException
from pyramid.response import Response

from talatat.codes import CODES
from talatat.composition import PLATFORM
from talatat.masking import masked

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

CONTENT_TYPE = "application/problem+json"
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:=+-]{0,127}")
# Asked by programs too: balancers, supervisors, monitors.
PROBES = frozenset({"/livez", "/readyz", "/health"})
MOST_ERRORS = 100
LONGEST_TEXT = 500  # of what a problem repeats of the request


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
    """Whether an error is answered as problem+json: where programs ask, or JSON is preferred."""
    if is_api(request) or request.environ.get("PATH_INFO") in PROBES:
        return True
    accept = request.environ.get("HTTP_ACCEPT", "")
    if "json" not in accept:
        return False
    offers = request.accept.acceptable_offers(["text/html", "application/json", CONTENT_TYPE])
    return bool(offers) and offers[0][0] != "text/html"


def check_acceptable(request: Request) -> None:
    """Problem 406 where the client does not take JSON."""
    accept: Any = request.environ.get("HTTP_ACCEPT")
    if not accept or "*/*" in accept or "application/json" in accept:
        return
    if not request.accept.acceptable_offers(["application/json"]):
        raise Problem(406, "not_acceptable", "This is answered in application/json only")


def request_id(request: Request) -> str:
    """The id under which the log knows this request, the same for all attempts to answer it.

    It is the `Request-Id` that the request came with, if that is well formed, or a new one.
    """
    known = request.environ.get("talatat.request_id")
    if known is None:
        given = request.environ.get("HTTP_REQUEST_ID", "")
        known = given if WELL_FORMED_ID.fullmatch(given) else os.urandom(16).hex()
        request.environ["talatat.request_id"] = known
    return str(known)


def addon_of(request: Request) -> str:
    """The addon whose route this request took; the platform where it took none."""
    route = getattr(request, "matched_route", None)
    declared = None if route is None else request.registry.introspector.get("routes", route.name)
    return PLATFORM if declared is None else str(declared.get("addon", PLATFORM))


def met(request: Request, problem: Problem) -> None:
    """Notice that a problem goes out, so that one whose code nobody declares is found."""
    codes = getattr(getattr(request.registry, "system", None), "problem_codes", None)
    if codes is not None:
        codes.meet(problem.problem_code, addon_of(request))


def document(request: Request, problem: Problem) -> dict[str, Any]:
    """The members of the problem document, in the order in which people like to read them."""
    found: dict[str, Any] = {
        "type": f"{request.application_url}/docs/problems/{problem.problem_code}",
        "title": problem.title,
        "status": problem.code,
        "detail": shown(problem.detail),
        "instance": shown(request.path),
        "code": problem.problem_code,
        "request_id": request_id(request),
        "addon": addon_of(request),
    }
    if problem.errors:
        found["errors"] = [
            {name: shown(value) for name, value in error.items()} for error in problem.errors
        ]
    found.update(problem.extra)
    return found


def shown(value: Any) -> Any:
    """A text that may hold what a client sent, keys masked and cut where it is long; else as it is."""
    if not isinstance(value, str):
        return value
    value = masked(value)
    if len(value) <= LONGEST_TEXT:
        return value
    return f"{value[: LONGEST_TEXT - 1]}…"


def response_of(request: Request, problem: Problem) -> Response:
    """The answer: problem+json or a small page, with the problem's own headers."""
    met(request, problem)
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
<link rel="icon" href="{root}/static/talatat/icon.svg" type="image/svg+xml">
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
        detail=escape(shown(str(problem.detail or ""))),
        code=escape(problem.problem_code),
        request_id=escape(request_id(request)),
        root=escape(request.script_name),
    ).encode("utf-8")


def includeme(config: Configurator) -> None:
    """Answer every HTTP exception and every failure of a request as a problem."""
    config.include("talatat.problem_views")
