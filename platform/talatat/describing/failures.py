"""What an operation can fail with: every error as a status of its own, told once and referred to.

Most of it follows from what the operation takes: a permission can be missing, a row can be gone, a
body can be wrong, an ETag can be stale. `failures_of` derives that; what else an operation raises it
says itself, by `problems={code: (status, text)}` of an action or a view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from talatat.codes import CODES, CODES_OF_STATUS
from talatat.composition import PLATFORM
from talatat.describing.headers import LIMITS, headers
from talatat.describing.shapes import content, ref
from talatat.problems import CONTENT_TYPE, phrase

UNSAFE = frozenset({"post", "put", "patch", "delete"})
OPEN = ("", "public")
# Probes are not counted, and do not wait behind others.
UNLIMITED = frozenset({f"{PLATFORM}.livez", f"{PLATFORM}.readyz"})

_HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    412: ("ETag",),
    415: ("Accept", "Accept-Patch"),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_POINTED: dict[str, dict[str, str]] = {
    "unknown_parameter": {"parameter": "colour"},
    "unknown_field": {"parameter": "fields"},
    "unknown_relation": {"parameter": "expand"},
    "repeated_parameter": {"parameter": "sort"},
    "invalid_parameter": {"parameter": "limit"},
    "invalid_cursor": {"parameter": "cursor"},
    "idempotency_key_invalid": {"header": "Idempotency-Key"},
    "idempotency_key_required": {"header": "Idempotency-Key"},
    "idempotency_key_refused": {"header": "Idempotency-Key"},
    "invalid": {"pointer": "/name"},
    "duplicate": {"pointer": "/name"},
    "reference": {"pointer": "/parent_id"},
    "constraint": {"pointer": "/name"},
}


def failures(*statuses: int) -> dict[str, Any]:
    """{status: reference to the shared response}."""
    return {
        str(status): {"$ref": f"#/components/responses/problem_{status}"}
        for status in sorted(statuses)
    }


def failure_responses() -> dict[str, Any]:
    """The shared responses: one for each status that has a code, and one for any problem."""
    anything = _response(400, {"bad_request": CODES["bad_request"]})
    return {
        "problem": {**anything, "description": "A problem: the request failed"},
        **{
            f"problem_{status}": _response(status, {code: CODES[code] for code in codes})
            for status, codes in CODES_OF_STATUS.items()
        },
    }


def own_response(status: int, problems: Mapping[str, str]) -> dict[str, Any]:
    """The response of a status in which an operation has codes of its own, beside the usual ones."""
    usual = {code: CODES[code] for code in CODES_OF_STATUS.get(status, ())}
    return _response(status, {**problems, **usual})


def failures_of(
    method: str, operation: Mapping[str, Any], parameters: Iterable[Mapping[str, Any]]
) -> set[int]:
    """The statuses that follow from what the operation takes; `parameters` with those of its path.

    The platform's own operations say themselves what they refuse, but for permissions and paths.
    """
    named = {one["name"].lower(): one for one in parameters}
    found = _of_permission(method, operation)
    if any(one["in"] == "path" for one in named.values()):
        found.add(404)
    found.add(431)  # the server's own limit, before anything here looks at the request
    if operation["operationId"] not in UNLIMITED:
        found |= {429, 503}
    if operation["x-addon"] == PLATFORM:
        return found
    found |= {400, 500}
    if method in UNSAFE:
        found |= {409, 413}
        if {"if-match", "if-none-match"} & named.keys():
            found.add(412)
        if named.get("if-match", {}).get("required"):
            found.add(428)
        if "idempotency-key" in named:
            found.add(422)
    if "requestBody" in operation:
        found |= {408, 413, 415, 422}
    return found


def _of_permission(method: str, operation: Mapping[str, Any]) -> set[int]:
    permission = operation.get("x-permission", "")
    found = set() if permission in OPEN else {401}
    # A cookie that comes with a request has to prove its origin, whatever the operation asks for.
    if permission not in (*OPEN, "authenticated") or method in UNSAFE:
        found.add(403)
    return found


def _response(status: int, codes: Mapping[str, str]) -> dict[str, Any]:
    listed = "\n".join(f"- `{code}`: {text}" for code, text in codes.items())
    examples = {
        code: {"summary": text, "value": example_problem(status, code, text)}
        for code, text in codes.items()
    }
    media = content(ref("problem"), CONTENT_TYPE)
    media[CONTENT_TYPE]["examples"] = examples
    return {
        "description": f"{phrase(status)}\n\n{listed}",
        "headers": headers("Request-Id", "traceparent", *LIMITS, *_HEADERS.get(status, ())),
        "content": media,
    }


def example_problem(status: int, code: str, text: str = "") -> dict[str, Any]:
    """A problem document as an example."""
    text = text or CODES[code]
    found: dict[str, Any] = {
        "type": f"https://example.com/docs/problems/{code}",
        "title": phrase(status),
        "status": status,
        "detail": text,
        "instance": "/api/things/v1/things",
        "code": code,
        "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "addon": "things",
    }
    if code in _POINTED:
        found["errors"] = [{**_POINTED[code], "code": code, "detail": text}]
    return found
