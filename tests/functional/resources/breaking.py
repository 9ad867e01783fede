"""A WSGI wrapper that breaks one thing of a server, and the faults that it can put in.

A fault changes requests on their way in, answers on their way out, or both. `finds` is the check that
has to see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode

THINGS = "/api/store/v1/things"
JSON = "application/json"


class Request:
    """A request on its way in."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.body = environ["wsgi.input"].read()

    @property
    def method(self) -> str:
        return self.environ["REQUEST_METHOD"]

    @property
    def path(self) -> str:
        return self.environ["PATH_INFO"]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.environ["QUERY_STRING"], keep_blank_values=True, errors="replace")

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Drop the parameters whose name is not wanted."""
        kept = [(name, value) for name, value in self.query if wanted(name)]
        self.environ["QUERY_STRING"] = urlencode(kept)

    def turn(self, name: str, change: Callable[[str], str]) -> None:
        """Change the value of a parameter."""
        found = [(key, change(value) if key == name else value) for key, value in self.query]
        self.environ["QUERY_STRING"] = urlencode(found)

    def drop(self, *headers: str) -> None:
        for name in headers:
            self.environ.pop(f"HTTP_{name.upper().replace('-', '_')}", None)

    def rewrite(self, change: Callable[[Any], Any]) -> None:
        """Change the JSON document in the body, where there is one."""
        try:
            self.body = json.dumps(change(json.loads(self.body))).encode()
        except ValueError:
            return

    def done(self) -> dict[str, Any]:
        self.environ["wsgi.input"] = BytesIO(self.body)
        self.environ["CONTENT_LENGTH"] = str(len(self.body))
        return self.environ


@dataclass
class Answer:
    """An answer on its way out."""

    request: Request
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        return self.headers.get("Content-Type", "").endswith("json") and bool(self.body)

    def rewrite(self, change: Callable[[Any], None]) -> None:
        """Change the JSON document in place."""
        if self.is_json:
            document = json.loads(self.body)
            change(document)
            self.body = json.dumps(document).encode()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a server."""

    family: str
    finds: str
    before: Callable[[Request], object] | None = None
    after: Callable[[Answer], object] | None = None


def broken(app: Any, fault: Fault) -> Any:
    """The application with a fault in it."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        if fault.before is not None:
            fault.before(request)
        started: list[Any] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            started[:] = [status, headers]

        parts = app(request.done(), start)
        body = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        answer = Answer(request, int(started[0][:3]), dict(started[1]), body)
        if fault.after is not None:
            fault.after(answer)
        if "Content-Length" in answer.headers and request.method != "HEAD":
            answer.headers["Content-Length"] = str(len(answer.body))
        start_response(f"{answer.status} X", list(answer.headers.items()))
        return [answer.body]

    return call


def without(*headers: str) -> Callable[[Answer], None]:
    """Forget headers of every answer."""

    def change(answer: Answer) -> None:
        for name in headers:
            answer.headers.pop(name, None)

    return change


def setting(name: str, value: str) -> Callable[[Answer], None]:
    """Say the same header on every answer."""
    return lambda answer: answer.headers.update({name: value})


def ignoring(*names: str) -> Callable[[Request], None]:
    """Never see some parameters."""
    return lambda request: request.keep(lambda name: name not in names)


def status(old: int, new: int, method: str = "") -> Callable[[Answer], None]:
    """Answer one status for another."""

    def change(answer: Answer) -> None:
        if answer.status == old and answer.request.method.startswith(method):
            answer.status = new

    return change


def pages(change: Callable[[Any], object]) -> Callable[[Answer], None]:
    """Change every page of a list."""

    def each(document: Any) -> None:
        if isinstance(document, dict) and "items" in document and "prev" in document:
            change(document)

    return lambda answer: answer.rewrite(each)


def members(change: Callable[[dict[str, Any]], object]) -> Callable[[Answer], None]:
    """Change every problem."""

    def each(document: Any) -> None:
        if "request_id" in document:
            change(document)

    return lambda answer: answer.rewrite(each)


def at(path: str, change: Callable[[Any], object]) -> Callable[[Answer], None]:
    """Change the document at one path."""
    return lambda answer: answer.rewrite(change) if answer.request.path == path else None


def text(old: bytes, new: bytes) -> Callable[[Answer], None]:
    """Change the bytes of every answer."""

    def change(answer: Answer) -> None:
        answer.body = re.sub(old, new, answer.body)

    return change


def bodies(change: Callable[[Any], Any], method: str) -> Callable[[Request], None]:
    """Change the document of every request of a method."""
    return lambda request: request.rewrite(change) if request.method == method else None
