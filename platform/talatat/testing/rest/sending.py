"""Requests to a server, over WSGI or over a socket, and what it answered.

Nothing is made prettier on the way: a path, a query string, a header or a body goes out as a check says
it, for many checks are about what is not well formed.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from talatat.testing.rest.model import Failed

Headers = Mapping[str, str]
Pairs = Sequence[tuple[str, str]] | Mapping[str, Any]
JSON = "application/json"
TIMEOUT = 30.0
SHOWN = 300  # characters of a body in a report


@dataclass(frozen=True)
class Sent:
    """A request: `target` is the path with its query string, `body` the bytes."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    def __str__(self) -> str:
        said = [
            f"{self.method} {self.target if len(self.target) <= SHOWN else self.target[:SHOWN] + '...'}"
        ]
        said += [f"{name}: {value[:120]}" for name, value in self.headers.items() if name in _TOLD]
        if self.body:
            said.append(shown(self.body))
        return " | ".join(said)


_TOLD = (
    "Accept",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Origin",
    "traceparent",
)


@dataclass
class Answer:
    """What came back. Header names are looked up in lower case."""

    sent: Sent
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    _document: Any = field(default=None, repr=False)

    def header(self, name: str) -> str | None:
        """The value of a header, several joined with commas; None where there is none."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The document in the body. Raises Failed where it holds none."""
        if self._document is None:
            try:
                self._document = json.loads(self.body)
            except ValueError as error:
                raise Failed(f"the body is no JSON ({error})", self) from error
        return self._document

    @property
    def code(self) -> str:
        """The code of a problem; the empty text where it has none."""
        if not self.content_type.endswith("json") or not self.body:
            return ""
        document = self.json
        return str(document.get("code", "")) if isinstance(document, dict) else ""

    @property
    def pointers(self) -> list[str]:
        """The pointers and parameters that the errors of a problem name."""
        document = self.json if self.content_type.endswith("json") else {}
        errors = document.get("errors", ()) if isinstance(document, dict) else ()
        return [str(one.get("pointer", one.get("parameter", ""))) for one in errors]

    def must(self, *statuses: int) -> Answer:
        """Itself. Raises Failed unless the status is one of these."""
        if self.status not in statuses:
            wanted = " or ".join(map(str, statuses))
            raise Failed(f"it answers {self.status}, not {wanted}", self)
        return self

    def refuses(self, status: int, code: str | None = None, names: str | None = None) -> Answer:
        """Itself. Raises Failed unless it is a problem of this status, with this code, that names this."""
        self.must(status)
        if self.content_type != "application/problem+json":
            raise Failed(f"it is a {status} in {self.content_type or 'no media type'}", self)
        if code is not None and self.code != code:
            raise Failed(f"its code is {self.code!r}, not {code!r}", self)
        if names is not None and names not in self.pointers:
            raise Failed(
                f"its errors name {', '.join(self.pointers) or 'nothing'}, not {names}", self
            )
        return self

    def __str__(self) -> str:
        return f"{self.sent} -> {self.status} {shown(self.body)}".rstrip()


def shown(body: bytes) -> str:
    """A body as a report shows it."""
    text = body[: 4 * SHOWN].decode("utf-8", "backslashreplace")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(body)} bytes)"


Transport = Callable[[Sent], Answer]


def over_wsgi(app: Any) -> Transport:
    """Requests to a WSGI application in this process."""

    def send(sent: Sent) -> Answer:
        environ = _environ(sent)
        started: list[Any] = []

        def start_response(
            status: str, headers: Any, exc_info: Any = None
        ) -> Callable[[bytes], Any]:
            started[:] = [status, headers]
            return lambda _: None

        try:
            parts = app(environ, start_response)
            body = b"".join(parts)
        except Exception as error:  # whatever an application lets through
            raise Failed(f"{sent} raises {type(error).__name__}: {error}") from error
        if hasattr(parts, "close"):
            parts.close()
        status, headers = started
        return Answer(sent, int(status.split(" ", 1)[0]), list(headers), body)

    return send


def _environ(sent: Sent) -> dict[str, Any]:
    path, mark, query = sent.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query if mark else "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(sent.body),
        "wsgi.errors": _Errors(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(sent.body)),
    }
    for name, value in sent.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ


class _Errors:
    """What an application writes to `wsgi.errors` is nobody's here: it has a log."""

    def write(self, text: str) -> int:
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Take lines."""

    def flush(self) -> None:
        """Do nothing."""


def over_http(url: str) -> Transport:
    """Requests to a server at `url`; a connection each, so that what breaks one breaks no other."""
    base = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}

    def send(sent: Sent) -> Answer:
        connection = kinds[base.scheme](base.netloc, timeout=TIMEOUT)
        try:
            target = base.path.rstrip("/") + quote(sent.target, safe="%/:?&=+,;@!$'()*~#[]-._")
            headers = {**sent.headers, "Connection": "close"}
            connection.request(sent.method, target, sent.body or None, headers)
            response = connection.getresponse()
            return Answer(sent, response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    return send
