"""The wire: how long and in which form a connection may send a request.

waitress reads a whole request before a worker sees it, so a client that is slow holds no thread. What it
leaves open is closed here: a request that drips in byte by byte would never end, for each byte counts as
activity (`request_timeout` seconds after its first byte it is answered 408); messages whose end, host or
header two servers could read in different ways are taken (RFC 9112 wants most of them refused); some
malformed lines end the connection without an answer; and its own errors are plain text. All of them are
problems here.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

import orjson
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.task import ErrorTask
from waitress.utilities import Error, RequestHeaderFieldsTooLarge

from talatat.codes import CODE_OF_STATUS
from talatat.composition import PLATFORM
from talatat.problems import CONTENT_TYPE, phrase
from talatat.security.headers import ALWAYS, CSP, DATA_CSP

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST_TIMEOUT = 60.0
LONGEST_HEADER = 64 * 1024
MOST_HEADERS = 100
# What chunks and their extensions may take beside the body that the application accepts.
FRAMING = 64 * 1024
HOST = re.compile(r"[A-Za-z0-9._~%:\[\]-]*")
NOBODYS = b"GET / HTTP/1.0\r\n"  # what waitress parses in place of a header that it cannot


class RequestTimeout(Error):
    """A request that had not come to its end in time."""

    code = 408
    reason = "Request Timeout"


class Overloaded(Error):
    """A request that nobody has begun to work on, and nobody will."""

    code = 503
    reason = "Service Unavailable"
    problem = "overloaded"


class Parser(HTTPRequestParser):
    """Reads one request; refuses what leaves its length, its version or its host open."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and the header. ParsingError, which is a 400, for what is refused."""
        lines = header_plus.split(b"\r\n")[1:]
        if len(lines) > MOST_HEADERS:
            super().parse_header(NOBODYS)
            self.error = RequestHeaderFieldsTooLarge(f"More than {MOST_HEADERS} headers")
            return
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as error:
            raise ParsingError(str(error)) from None
        except ValueError:  # a length of thousands of digits, or a URL with half an IPv6 address
            raise ParsingError("The request cannot be read") from None
        if header_plus != NOBODYS:
            _refuse_ambiguous(lines)
            self._refuse_what_is_open()

    def _refuse_what_is_open(self) -> None:
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("The version of HTTP is not 1.0 or 1.1")
        if "TRANSFER_ENCODING" in self.headers:  # taken out of what is 1.1
            raise ParsingError("Transfer-Encoding belongs to HTTP/1.1")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding contradict each other")
        host = self.headers.get("HOST")
        if host is None and self.version == "1.1":
            raise ParsingError("Host is missing")
        if not HOST.fullmatch(host or ""):
            raise ParsingError("Host is not the name of one host")
        if self.proxy_netloc and self.proxy_netloc.lower() != (host or "").lower():
            raise ParsingError("The target names another host than Host")


def _refuse_ambiguous(lines: Iterable[bytes]) -> None:
    """Refuse header lines that the next server, or CGI's names, would read as other ones."""
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            raise ParsingError("A header goes on in a second line")
        name = line.partition(b":")[0]
        if b"_" in name:  # waitress drops it in silence: the name of another header, to CGI
            told = name.decode("latin-1")
            raise ParsingError(f"Write the header {told} without an underscore")


class ProblemTask(ErrorTask):
    """Answers what waitress refuses as a problem document, and closes the connection.

    It stays open where the server was only too busy: the request was read to its end.
    """

    def execute(self) -> None:
        """Write the answer."""
        error, request_id = self.request.error, secrets.token_hex(16)
        busy = isinstance(error, Overloaded)
        code = Overloaded.problem if busy else CODE_OF_STATUS.get(error.code, "bad_request")
        body = orjson.dumps(
            {
                "type": f"/docs/problems/{code}",
                "title": phrase(error.code),
                "status": error.code,
                "detail": str(error.body),
                "instance": getattr(self.request, "path", "") or "/",
                "code": code,
                "request_id": request_id,
                "addon": PLATFORM,
            }
        )
        self.status = f"{error.code} {phrase(error.code)}"
        self.response_headers += [
            ("Content-Type", CONTENT_TYPE),
            ("Cache-Control", "no-store"),
            ("Request-Id", request_id),
            *ALWAYS,
            (CSP, DATA_CSP),
        ]
        if busy:  # not all at the same moment again
            self.response_headers.append(("Retry-After", str(random.randint(1, 4))))  # noqa: S311
        else:
            self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)


class Channel(HTTPChannel):
    """One connection; a request on it has to come to its end in time."""

    parser_class = Parser
    error_task_class = ProblemTask
    request: Any = None  # the one that has not come to its end
    queued = 0.0  # when the first of those that have began to wait for a thread
    _began = 0.0

    @property
    def first(self) -> tuple[str, bool]:
        """The path of the request whose turn is next, and whether waitress has refused it."""
        request = self.requests[0]
        return getattr(request, "path", ""), request.error is not None

    def refuse_first(self, error: Error) -> None:
        """Let the request whose turn is next be answered with an error."""
        self.requests[0].error = error

    def service(self) -> None:
        """Answer the first request, in a thread; not any more where it has waited too long."""
        dispatcher = self.server.task_dispatcher
        if self.queued and self.requests[0].error is None and dispatcher.has_waited_too_long(self):
            dispatcher.send_away(self, "no thread was free for too long")
        self.queued = 0.0
        super().service()

    def received(self, data: bytes) -> bool:
        """Take what was read; the clock of a request starts with its first byte."""
        before = self.request
        taken: bool = super().received(data)
        if self.request is not before:
            self._began = time.monotonic()
        return taken

    def readable(self) -> bool:
        """Whether to read on. The server's loop asks this at least once a second."""
        now, limit = time.monotonic(), self.adj.request_timeout
        if self.requests:  # the next one waits for an answer before it, which is not its fault
            self._began = now
        elif self.request is not None and now - self._began > limit:
            self._give_up(limit)
        return bool(super().readable())

    def _give_up(self, limit: float) -> None:
        with self.requests_lock:
            request, self.request = self.request, None
            if not request.headers_finished:
                request.parse_header(NOBODYS)
            request.error = RequestTimeout(f"The request was not complete after {limit:g} seconds")
            request.completed = True
            self.requests.append(request)
            self.server.add_task(self)


def limit_channels(server: Any, seconds: float) -> None:
    """Let the connections of a waitress server be such channels, with `seconds` for a request."""
    server.adj.request_timeout = seconds
    listening: Iterable[Any] = [server, *getattr(server, "map", None or {}).values()]
    for one in listening:
        if hasattr(one, "channel_class"):
            one.channel_class = Channel
