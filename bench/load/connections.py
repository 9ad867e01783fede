"""HTTP/1.1 over raw sockets that are kept alive: as little work for a request as Python allows.

A `Connection` holds one request at a time. Nothing here validates: what a server answers is compared
before anything is timed (`bench.agree`); under load the status is looked at and the end of the answer found.
"""

from __future__ import annotations

import socket
from typing import Any

from bench.flows import Answer, Client, Request

CHUNK = 262_144
HEAD_END = b"\r\n\r\n"


class Broken(Exception):
    """A connection ended, or what came is no answer."""


def encode(request: Request) -> bytes:
    """A request as it goes over the wire."""
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/json",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    if request.body or request.method in ("POST", "PATCH", "PUT"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(request.body)}"]
    return "\r\n".join(lines).encode() + HEAD_END + request.body


class Connection:
    """One client on one socket."""

    def __init__(self, port: int, client: Client) -> None:
        self.port = port
        self.client = client
        self.sock = self._connect()
        self.request = next(client)
        self.encoded = encode(self.request)
        self.status = 0
        self.size = 0
        # When the request was due: what its latency is counted from.
        self.due = 0.0
        self.counted = True
        self._got = b""
        self._end = -1

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), 10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        return sock

    def send(self) -> None:
        """Send the request that is at hand. OSError where the connection ended."""
        self._got, self._end = b"", -1
        sent = self.sock.send(self.encoded)
        if sent != len(self.encoded):  # a request is small, a socket's buffer is not
            raise Broken("a request did not fit into the socket's buffer")

    def receive(self) -> bool:
        """Take what has come; whether the answer is complete. Broken where none will come."""
        try:
            came = self.sock.recv(CHUNK)
        except BlockingIOError:
            return False
        if not came:
            raise Broken("the server closed the connection")
        self._got = self._got + came if self._got else came
        if self._end < 0:
            self._end = _end_of(self._got)
        if self._end == 0:  # chunked
            done = self._got.endswith(b"0\r\n\r\n")
        else:
            done = 0 < self._end <= len(self._got)
        if done:
            self.status = int(self._got[9:12])
            self.size = len(self._got)
        return done

    def turn(self) -> None:
        """Give the client its answer and take its next request."""
        self.request = self.client.send(LazyAnswer(self.status, self._got))  # type: ignore[arg-type]
        self.encoded = encode(self.request)

    def answer(self) -> Answer:
        """The answer that was received."""
        return LazyAnswer(self.status, self._got).whole()

    def reconnect(self) -> None:
        """Begin anew on another socket."""
        self.sock.close()
        self.sock = self._connect()
        self._got, self._end = b"", -1


class LazyAnswer:
    """An answer that is read when a client looks at it; most do not."""

    def __init__(self, status: int, raw: bytes) -> None:
        self.status = status
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole(), name)

    def whole(self) -> Answer:
        """All of it."""
        head, _, body = self._raw.partition(HEAD_END)
        headers = {}
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
        if headers.get("transfer-encoding") == "chunked":
            body = _unchunked(body)
        return Answer(self.status, headers, body)


def _end_of(got: bytes) -> int:
    """Where the answer ends; 0 when it is chunked, -1 while its head is not complete."""
    at = got.find(HEAD_END)
    if at < 0:
        return -1
    head = got[:at].lower()
    found = head.find(b"content-length:")
    if found < 0:
        if b"transfer-encoding: chunked" in head:
            return 0
        status = got[9:12]
        if status in (b"204", b"304"):
            return at + 4
        raise Broken("an answer has neither Content-Length nor chunks")
    stop = head.find(b"\r\n", found)
    return at + 4 + int(head[found + 15 : stop if stop > 0 else at])


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        parts.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(parts)
