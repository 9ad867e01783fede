"""Calling a peer in this process, without a server: for profiles and for counting instructions.

`Caller(application)` takes a WSGI or an ASGI application (`peers.<name>.app`) and answers a `Request`
as a server's worker would: for ASGI in one event loop that lives as long as the caller.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from bench.flows import Answer, Client, Request


class WSGICaller:
    """Calls a WSGI application; `close` is what lets go of what it holds."""

    def __init__(self, application: Any, close: Callable[[], None] | None = None) -> None:
        self._application = application
        self._close = close

    def __call__(self, request: Request) -> Answer:
        """Return the answer, its body read and closed."""
        told: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
            told[:] = [status, headers]

        parts = self._application(environ(request), start_response)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = told
        return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, body)

    def close(self) -> None:
        """End what the application began."""
        if self._close is not None:
            self._close()


class ASGICaller:
    """Calls an ASGI application in an event loop of its own, after its `lifespan.startup`."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._loop = _new_loop()
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._lifespan = self._loop.create_task(
            application(
                {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}},
                self._told.get,
                self._heard,
            )
        )
        self._up = self._loop.create_future()
        self._told.put_nowait({"type": "lifespan.startup"})
        self._loop.run_until_complete(self._up)

    async def _heard(self, message: dict[str, Any]) -> None:
        if message["type"].endswith("startup.failed"):
            self._up.set_exception(RuntimeError(message.get("message") or "the lifespan failed"))
        elif message["type"].endswith("startup.complete"):
            self._up.set_result(None)

    def __call__(self, request: Request) -> Answer:
        """Return the answer."""
        return self._loop.run_until_complete(self._call(request))

    async def _call(self, request: Request) -> Answer:
        received = [{"type": "http.request", "body": request.body, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return received.pop() if received else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._application(scope(request), receive, send)
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(
            sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])
        )

    def close(self) -> None:
        """End the application's lifespan and the loop."""
        self._told.put_nowait({"type": "lifespan.shutdown"})
        self._loop.run_until_complete(self._lifespan)
        self._loop.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed, as uvicorn[standard] chooses it."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def environ(request: Request) -> dict[str, Any]:
    """What a WSGI server makes of a request."""
    path, _, query = request.path.partition("?")
    made: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(path, "latin-1"),
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_ACCEPT": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if request.body:
        made |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(request.body))}
    for name, value in request.headers:
        made["HTTP_" + name.upper().replace("-", "_")] = value
    return made


def scope(request: Request) -> dict[str, Any]:
    """What an ASGI server makes of a request."""
    path, _, query = request.path.partition("?")
    headers = [(b"host", b"127.0.0.1"), (b"accept", b"application/json")]
    if request.body:
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(request.body)).encode()),
        ]
    headers += [(name.lower().encode(), value.encode()) for name, value in request.headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


class Conversation:
    """A client that can be let ask some, and later some more."""

    def __init__(self, caller: Any, client: Client) -> None:
        self._caller = caller
        self._client = client
        self._request = next(client)

    def ask(self, count: int, status: int | None = None) -> Answer:
        """Let the client ask `count` times; the last answer.

        Raises RuntimeError for an answer with another status than `status`.
        """
        assert count > 0
        for _ in range(count):
            answer = self._caller(self._request)
            if status is not None and answer.status != status:
                raise RuntimeError(
                    f"{self._request.method} {self._request.path}: {answer.status} {answer.body[:500]!r}"
                )
            self._request = self._client.send(answer)
        return answer
