"""One request at a time over one connection, with whole answers."""

from __future__ import annotations

import http.client

from bench.flows import Answer, Request


class Asking:
    """`ask = Asking(port)`, then `ask(request)`."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def __call__(self, request: Request) -> Answer:
        """Send it and read the whole answer."""
        headers = {"Accept": "application/json", **dict(request.headers)}
        if request.body:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._sent(request, headers)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # A server may close a connection that is idle, or that it refused a request on.
            self._connection.close()
            answer = self._sent(request, headers)
        body = answer.read()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)

    def _sent(self, request: Request, headers: dict[str, str]) -> http.client.HTTPResponse:
        self._connection.request(request.method, request.path, request.body or None, headers)
        return self._connection.getresponse()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
