"""An answer as it is kept, and again as a response.

Cookies are never kept: they are secrets. An answer with one, or one too large to keep, is remembered as
given but cannot be given again, which the client is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.response import Response

from talatat.problems import Problem

REPLAY = "Idempotent-Replay"
LARGEST = 4 * 1024 * 1024
# Made anew for each response.
_OWN = frozenset({"content-length", "set-cookie"})


@dataclass(frozen=True)
class Answer:
    """`whole` says whether the body is there; `headers` are [name, value] pairs."""

    status: int
    headers: list[list[str]]
    body: bytes
    whole: bool = True


def answer_of(response: Response) -> Answer:
    """What is kept of a response."""
    headers = [[n, v] for n, v in response.headerlist if n.lower() not in _OWN]
    whole = (
        isinstance(response.app_iter, list | tuple)
        and "Set-Cookie" not in response.headers
        and len(response.body) <= LARGEST
    )
    return Answer(response.status_int, headers, response.body if whole else b"", whole)


def response_of(answer: Answer) -> Response:
    """The response to a request that was carried out before; Problem 409 where it cannot be given."""
    if not answer.whole:
        raise not_repeated(answer, "was too large to be kept, or held a secret")
    headers = [(name, value) for name, value in answer.headers]
    response = Response(body=answer.body or None, status=answer.status, headerlist=headers)
    response.headers[REPLAY] = "true"
    return response


def not_repeated(answer: Answer, why: str) -> Problem:
    """409: the request was carried out, and its answer is not for this request."""
    extra: dict[str, Any] = {"original_status": answer.status}
    for name, value in answer.headers:
        if name.lower() == "location":
            extra["location"] = value
    detail = f"The request was carried out and answered {answer.status}; the answer {why}"
    return Problem(409, "idempotency_not_repeated", detail, extra=extra)
