"""Bytes on a socket that are no request, or never become one: a 4xx within limits of bytes and time."""

import contextlib
import socket
import time

import pytest
from attacking.holding import assert_problem
from attacking.served import REQUEST_TIMEOUT, parsed

END = b"\r\n\r\n"
PATH = b"/api/catalog/v1/products"
GET = b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\nConnection: close"
POST = (
    b"POST " + PATH + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json"
)

REFUSED = {
    # Where does this message end? Two servers must not see two ends.
    "two lengths": (POST + b"\r\nContent-Length: 2\r\nContent-Length: 5" + END + b"{}", 400),
    "the same length twice": (POST + b"\r\nContent-Length: 2\r\nContent-Length: 2" + END, 400),
    "a length and chunks": (
        POST + b"\r\nContent-Length: 2\r\nTransfer-Encoding: chunked" + END + b"0" + END,
        400,
    ),
    "a negative length": (POST + b"\r\nContent-Length: -1" + END, 400),
    "a length with a sign": (POST + b"\r\nContent-Length: +2" + END + b"{}", 400),
    "a length in Arabic digits": (POST + "\r\nContent-Length: ٢".encode() + END, 400),
    "a length in hexadecimal": (POST + b"\r\nContent-Length: 0x10" + END, 400),
    "a length of five thousand digits": (POST + b"\r\nContent-Length: " + b"9" * 5000 + END, 400),
    "a length beyond the limit": (POST + b"\r\nContent-Length: 99999999999" + END, 413),
    "an unknown transfer coding": (POST + b"\r\nTransfer-Encoding: gzip" + END, 400),
    "a coding after chunked": (POST + b"\r\nTransfer-Encoding: chunked, gzip" + END, 400),
    "a coding with a tab in it": (POST + b"\r\nTransfer-Encoding: \x0bchunked" + END, 400),
    "chunks in HTTP/1.0": (
        b"POST " + PATH + b" HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked"
        + END + b"5\r\nhello\r\n0" + END,
        400,
    ),
    "a chunk of no size": (POST + b"\r\nTransfer-Encoding: chunked" + END + b"x\r\n{}\r\n", 400),
    "a chunk of a negative size": (POST + b"\r\nTransfer-Encoding: chunked" + END + b"-2\r\n", 400),
    "chunked twice": (
        POST + b"\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 3"
        + END + b"0" + END,
        400,
    ),
    "chunks and a length after them": (
        POST + b"\r\nTransfer-Encoding: chunked\r\nContent-Length: 5" + END + b"0" + END
        + b"GET /livez HTTP/1.1\r\nHost: a" + END,
        400,
    ),
    "a list of two lengths": (POST + b"\r\nContent-Length: 2, 2" + END + b"{}", 400),
    "a coding in quotes": (POST + b'\r\nTransfer-Encoding: "chunked"' + END + b"0" + END, 400),
    "a coding with a comma before it": (
        POST + b"\r\nTransfer-Encoding: identity, chunked" + END + b"0" + END,
        400,
    ),
    "a chunk that goes on": (POST + b"\r\nTransfer-Encoding: chunked" + END + b"2\r\n{}xx\r\n", 400),
    # Lines
    "no request line": (b"hello" + END, 400),
    "a bare line feed": (GET.replace(b"\r\nConn", b"\nConn") + END, 400),
    "a carriage return in a header": (GET + b"\r\nX-A: a\rb" + END, 400),
    "a NUL in a header": (GET + b"\r\nX-A: a\0b" + END, 400),
    "a space before the colon": (GET + b"\r\nX-A : a" + END, 400),
    "a header without a colon": (GET + b"\r\nX-A" + END, 400),
    "a header that begins folded": (b"GET / HTTP/1.1\r\n Host: a" + END, 400),
    "a folded header": (GET + b"\r\nX-A: a\r\n b" + END, 400),
    "a folded length": (POST + b"\r\nContent-Length:\r\n 2" + END + b"{}", 400),
    "a folded transfer coding": (
        POST + b"\r\nTransfer-Encoding:\r\n\tchunked" + END + b"0" + END,
        400,
    ),
    "a header that ends in a bare line feed": (GET + b"\r\nX-A: a\nX-B: b" + END, 400),
    "a name with a space in it": (GET + b"\r\nX A: a" + END, 400),
    "a name with a tab behind it": (GET + b"\r\nX-A\t: a" + END, 400),
    "a header without a name": (GET + b"\r\n: a" + END, 400),
    "a name in UTF-8": (GET + "\r\nX-Ä: a".encode() + END, 400),
    # Names that CGI's rules would take for those of other headers
    "a proxy's header with underscores": (GET + b"\r\nX_Forwarded_For: 10.0.0.1" + END, 400),
    "a length with an underscore": (POST + b"\r\nContent_Length: 2" + END + b"{}", 400),
    "an address of a proxy with an underscore": (GET + b"\r\nX-Forwarded_Host: b" + END, 400),
    "a method in small letters": (GET.replace(b"GET", b"get") + END, 400),
    "a method of no token": (GET.replace(b"GET", b"G{T") + END, 400),
    "a space in the path": (GET.replace(PATH, b"/a b") + END, 400),
    "half an IPv6 address": (GET.replace(PATH, b"http://[::1/") + END, 400),
    "HTTP/0.9": (b"GET /api" + END, 400),
    "HTTP/2.0": (GET.replace(b"HTTP/1.1", b"HTTP/2.0") + END, 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + END, 400),
    # Hosts
    "no host": (b"GET /api HTTP/1.1\r\nConnection: close" + END, 400),
    "two hosts": (GET + b"\r\nHost: b" + END, 400),
    "the same host twice": (GET + b"\r\nHost: a" + END, 400),
    "an empty host beside another": (GET + b"\r\nHost:" + END, 400),
    "a target with another host": (GET.replace(PATH, b"http://b" + PATH) + END, 400),
    "a target with another port": (GET.replace(PATH, b"http://a:81" + PATH) + END, 400),
    "a target with a user": (GET.replace(PATH, b"http://a@b" + PATH) + END, 400),
    "a host with a path": (GET.replace(b"Host: a", b"Host: a/b") + END, 400),
    "a host with mark-up": (GET.replace(b"Host: a", b'Host: a"><script>') + END, 400),
    # Sizes
    "headers of 70 KB": (GET + b"\r\nX-A: " + b"a" * 70_000 + END, 431),
    "a header of 1 MB": (GET + b"\r\nX-A: " + b"a" * 1_000_000 + END, 431),
    "a name of 100 KB": (GET + b"\r\n" + b"A" * 100_000 + b": a" + END, 431),
    "a cookie of 70 KB": (GET + b"\r\nCookie: talatat_session=" + b"a" * 70_000 + END, 431),
    "1,000 headers": (GET + b"".join(b"\r\nX-%d: 1" % n for n in range(1000)) + END, 431),
    "1,000 cookies": (GET + b"\r\nCookie: a=b" * 1000 + END, 431),
    "1,000 headers before a body": (
        POST + b"".join(b"\r\nX-%d: 1" % n for n in range(1000)) + b"\r\nContent-Length: 34" + END
        + b"GET /livez HTTP/1.1\r\nHost: a" + END,
        431,
    ),
    "20,000 headers": (GET + b"\r\nX: 1" * 20_000 + END, 431),
    "a path of 70 KB": (GET.replace(PATH, b"/" + b"a" * 70_000) + END, 431),
    "a header that never ends": (GET + b"\r\nX-A: " + b"a" * 300_000, 431),
    "a chunk line that never ends": (
        POST + b"\r\nTransfer-Encoding: chunked" + END + b"0" * 2_000_000,
        413,
    ),
    "an extension of a chunk that never ends": (
        POST + b"\r\nTransfer-Encoding: chunked" + END + b"1;a=" + b"a" * 2_000_000,
        413,
    ),
    "a trailer that never ends": (
        POST + b"\r\nTransfer-Encoding: chunked" + END + b"0\r\nX: " + b"a" * 2_000_000,
        413,
    ),
    "chunks without end": (
        POST + b"\r\nTransfer-Encoding: chunked" + END + b"400\r\n" + (b"[" * 1024 + b"\r\n400\r\n") * 2000,
        413,
    ),
    "a body a little too large in chunks": (
        POST.replace(PATH, b"/api/accounts/v1/tokens") + b"\r\nTransfer-Encoding: chunked" + END
        + b"100002\r\n" + b" " * 0x100002 + b"\r\n0" + END,
        413,
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", REFUSED)
def test_it_is_refused_with_a_problem_and_the_connection_ends(served, attack):
    raw, status = REFUSED[attack]
    answer = served.send(raw)
    assert_problem(answer.status, answer.headers.get("content-type", ""), answer.body, status)
    assert not answer.rest  # what stands behind it is not taken for another request


@pytest.mark.parametrize("method", ["CONNECT", "PROPFIND", "COPY", "BREW", "QUERY", "A" * 5000])
def test_a_method_that_the_path_does_not_take_is_a_405(served, method):
    answer = served.send(GET.replace(b"GET", method.encode()) + END)
    assert_problem(answer.status, answer.headers["content-type"], answer.body, 405)
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_an_absolute_url_of_the_same_host_is_understood_as_the_standard_says(served):
    assert served.send(GET.replace(PATH, b"http://A" + PATH) + END).status == 200


def test_as_many_headers_as_browsers_and_proxies_send_are_taken(served):
    assert served.send(GET + b"".join(b"\r\nX-%d: 1" % n for n in range(90)) + END).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Authorization", b"Bearer tlt_nothing"),
        (b"Content-Type", b"application/json"),
        (b"Idempotency-Key", b"one"),
        (b"If-Match", b'"1"'),
        (b"Range", b"bytes=0-1"),
        (b"Expect", b"100-continue"),
        (b"Upgrade", b"h2c"),
        (b"X-HTTP-Method-Override", b"DELETE"),
        (b"X-Original-URL", b"/admin"),
        (b"X-Forwarded-For", b"10.0.0.1"),
        (b"Forwarded", b"for=10.0.0.1;host=b"),
    ],
)
def test_a_header_that_is_given_twice_makes_one_answer_and_no_failure(served, name, value):
    twice = b"\r\n".join([b"", name + b": " + value, name + b": " + value])
    for request in (GET + twice + END, POST + twice + b"\r\nContent-Length: 2" + END + b"{}"):
        answer = served.send(request)
        assert 200 <= answer.status < 500 or answer.status == 100
        assert answer.status == 100 or not answer.rest


def test_what_no_proxy_vouches_for_changes_nothing(served):
    """Nobody is trusted here: an address, host or scheme that a client makes up is not taken."""
    forged = (
        b"\r\nX-Forwarded-Host: elsewhere.example\r\nX-Forwarded-Proto: https"
        b"\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: host=elsewhere.example;proto=https"
    )
    answer = served.send(GET.replace(PATH, b"/api/nowhere") + forged + END)
    assert answer.status == 404
    assert b"elsewhere" not in answer.body
    assert b'"http://a/docs/problems/not_found"' in answer.body
    assert "strict-transport-security" not in answer.headers


def test_what_the_wire_itself_refuses_carries_the_secure_headers(served):
    answer = served.send(b"hello" + END)
    for name in (
        "content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy",
        "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy",
    ):  # fmt: skip
        assert answer.headers[name]


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /api HTTP/1.1\r\nHost: a\r\nX-A: ",
        POST + b"\r\nContent-Length: 1000" + END,
        POST + b"\r\nTransfer-Encoding: chunked" + END + b"3e8\r\n",
    ],
    ids=["header", "body", "chunk"],
)
def test_a_request_that_drips_in_ends_at_a_fixed_time_and_holds_no_worker(served, begun):
    slow = [served.connect(10) for _ in range(4)]  # twice the workers
    for one in slow:
        one.sendall(begun)
    began, answers = time.monotonic(), {}
    while len(answers) < len(slow) and time.monotonic() - began < REQUEST_TIMEOUT + 5:
        for number, one in enumerate(slow):
            if number not in answers:
                answers.update(_drip(number, one))
        assert served.get("/livez").status == 200  # others are served meanwhile
    assert len(answers) == len(slow)
    assert time.monotonic() - began > REQUEST_TIMEOUT - 1
    # A byte that crosses the end of a connection resets it, and what was under way is lost.
    told = [parsed(raw) for raw in answers.values()]
    whole = [one for one in told if one.body]
    assert whole
    assert {one.status for one in told} <= {408, 0}
    for answer in whole:
        assert_problem(answer.status, answer.headers["content-type"], answer.body, 408)
    for one in slow:
        one.close()


def _drip(number: int, one: socket.socket) -> dict[int, bytes]:
    """What came back, if anything did; else send a byte more."""
    one.settimeout(0.05)
    received = b""
    try:
        while piece := one.recv(65536):
            received += piece
            one.settimeout(5)
    except TimeoutError:
        if not received:
            with contextlib.suppress(OSError):
                one.sendall(b"a")
            return {}
    except OSError:
        pass  # reset
    return {number: received}


def test_many_requests_in_one_piece_are_answered_in_order_and_one_bad_one_ends_them(served):
    one = b"GET /livez HTTP/1.1\r\nHost: a" + END
    answer = served.send(one * 50 + b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b" + END + one * 50)
    assert answer.status == 200
    assert answer.rest.count(b"HTTP/1.1 200 OK") == 49
    assert answer.rest.count(b"HTTP/1.1 400 Bad Request") == 1
