"""`httpx` over judged connections: `client` makes one for a few calls that belong together.

Nothing of the environment is used but SSL_CERT_FILE and SSL_CERT_DIR, which name the certificates of an
authority of one's own: a proxy would resolve names anew, and a .netrc would add passwords.
"""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpcore
import httpx

from talatat.outbound.addresses import Allowed, allowed_by
from talatat.outbound.errors import OutboundError, OutboundFailed, OutboundRefused
from talatat.outbound.streams import Budget, JudgedBackend
from talatat.outbound.urls import parse_url

# They write whole URLs into the log, and at DEBUG the headers too: secrets stand in both.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

HEADERS = {"User-Agent": "talatat", "Accept-Encoding": "identity"}


@contextmanager
def client(
    system: Any, *, seconds: float = 10.0, most: int = 1024 * 1024, redirects: int = 0
) -> Iterator[httpx.Client]:
    """Yield an `httpx.Client` whose calls together take at most `seconds`, and read `most` bytes.

    Up to `redirects` redirects of a call are followed; without, a redirect is an answer like others.
    Raises OutboundRefused for what may not be called, OutboundFailed for all else that goes wrong with
    the other server, a wrong status after `raise_for_status` too.
    """
    allowed = allowed_by(system.settings.platform.outbound_allow)
    transport = JudgedTransport(allowed, Budget(seconds, most))
    made = httpx.Client(
        transport=transport,
        timeout=seconds,
        follow_redirects=redirects > 0,
        max_redirects=redirects,
        trust_env=False,
        headers=HEADERS,
    )
    try:
        with made:
            yield made
    except httpx.TooManyRedirects as error:
        raise OutboundFailed(f"The other server redirects more than {redirects} times.") from error
    except httpx.HTTPStatusError as error:
        raise OutboundFailed(f"The other server answered {error.response.status_code}.") from error
    except httpx.InvalidURL as error:
        raise OutboundRefused(f"The URL cannot be called: {error}.") from error
    except httpx.HTTPError as error:
        raise OutboundFailed(f"The other server answered nonsense: {error}") from error


class JudgedTransport(httpx.BaseTransport):
    """What carries each request of a client, the redirected ones too."""

    def __init__(self, allowed: Allowed, budget: Budget) -> None:
        self._allowed, self._budget = allowed, budget
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(), network_backend=JudgedBackend(allowed, budget)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        self._check(str(url), url.host)
        assert isinstance(request.stream, httpx.SyncByteStream)
        core = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _told(self._budget):
            answer = self._pool.handle_request(core)
        headers = httpx.Headers(answer.headers)
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            answer.close()  # a few bytes would become many
            raise OutboundFailed(
                "The other server compresses its answer, which it was asked not to."
            )
        return httpx.Response(
            answer.status,
            headers=headers,
            stream=_Body(answer, self._budget),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()

    def _check(self, url: str, host: str) -> None:
        try:
            target = parse_url(url, ("http", "https"))
            if target.host != host.lower().removesuffix("."):
                raise ValueError("must be a URL in which everybody reads the same host")
        except ValueError as error:
            raise OutboundRefused(f"The URL cannot be called: it {error}.") from error
        if target.scheme != "https" and not self._allowed.may_be_plain(target):
            raise OutboundRefused(
                f"{target.host} may not be called without encryption. Write https://, or list "
                f"http://{target.host} (with its port) in the setting talatat.outbound.allow."
            )


class _Body(httpx.SyncByteStream):
    """The body of an answer, read within the budget."""

    def __init__(self, answer: httpcore.Response, budget: Budget) -> None:
        self._answer, self._budget = answer, budget

    def __iter__(self) -> Iterator[bytes]:
        with _told(self._budget):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@contextmanager
def _told(budget: Budget) -> Iterator[None]:
    """Word what the connection says."""
    try:
        yield
    except OutboundError:
        raise
    except httpcore.TimeoutException as error:
        raise budget.too_slow() from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        said = "cannot be reached" if isinstance(error, httpcore.NetworkError) else "speaks no HTTP"
        reason = _untrusted(error)
        raise OutboundFailed(f"The other server {reason or said}.") from error


def _untrusted(error: BaseException) -> str:
    """What is wrong with a certificate, if it is that."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return ""


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()
