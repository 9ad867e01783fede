"""Calls to other servers: nothing leads inside, and nobody holds a worker."""

import gzip
import logging
import socket
from types import SimpleNamespace

import pytest

from talatat.outbound import OutboundFailed, OutboundRefused
from talatat.outbound import client as room


@pytest.fixture
def names(monkeypatch):
    """A resolver of names that lies as the test wants; `asked` are the names that it was asked for.

    Numbers are resolved as the machine resolves them.
    """
    real, known, asked = socket.getaddrinfo, {}, []

    def getaddrinfo(host, port, *args, **kw):
        if host not in known:
            return real(host, port, *args, **kw)
        asked.append(host)
        answers = known[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return SimpleNamespace(known=known, asked=asked)


INSIDE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "169.254.169.254", "168.63.129.16", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]",
    "[fd00:ec2::254]", "localhost", "localhost.", "LOCALHOST",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_no_spelling_of_an_address_inside_is_called(calling, host, caplog):
    with pytest.raises(OutboundRefused, match=r"talatat\.outbound\.allow"), calling() as client:
        client.get(f"https://{host}/")
    assert "refused to call" in caplog.text


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1"]
)
def test_no_number_that_c_libraries_read_as_an_address_is_called(elsewhere, calling, host):
    with (
        pytest.raises(OutboundRefused, match="The URL cannot be called"),
        calling("127.0.0.0/8") as client,
    ):
        client.get(f"https://{host}:{elsewhere.port}/")
    assert elsewhere.asked == []


def test_the_refusal_tells_no_address_and_the_log_does(calling, names, caplog):
    names.known["intranet.example"] = [["10.77.1.2"]]
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(OutboundRefused) as refused,
        calling() as client,
    ):
        client.get("https://intranet.example/")
    assert "intranet.example" in str(refused.value)
    assert "10.77.1.2" not in str(refused.value)
    assert "10.77.1.2 is a private address" in caplog.text


def test_a_name_with_one_address_inside_is_refused_whatever_stands_before_it(calling, names):
    names.known["two.example"] = [["93.184.216.34", "127.0.0.1"]]
    with pytest.raises(OutboundRefused), calling() as client:
        client.get("https://two.example/")


def test_a_name_that_changes_in_between_leads_to_the_address_that_was_judged(
    servers, calling, names
):
    judged = servers("127.0.0.2")
    secret = servers("127.0.0.1")
    assert judged.port != secret.port
    names.known["rebinding.example"] = [["127.0.0.2"], ["127.0.0.1"]]
    with calling("127.0.0.2/32", f"http://rebinding.example:{judged.port}") as client:
        answer = client.get(f"http://rebinding.example:{judged.port}/")
    assert answer.text == "hello from 127.0.0.2"
    assert names.asked == ["rebinding.example"]
    assert secret.asked == []


def test_a_second_connection_is_judged_anew(servers, calling, names):
    one = servers("127.0.0.2")
    one.on("/", lambda h: h.answer(b"", Connection="close"))
    names.known["rebinding.example"] = [["127.0.0.2"], ["169.254.169.254"]]
    url = f"http://rebinding.example:{one.port}/"
    with calling("127.0.0.2/32", url.rstrip("/")) as client:
        client.get(url)
        with pytest.raises(OutboundRefused):
            client.get(url)


def test_only_https_is_called_unless_http_is_listed(elsewhere, calling):
    with pytest.raises(OutboundRefused, match="without encryption"), calling("127.0.0.1") as client:
        client.get(elsewhere.url)
    with pytest.raises(OutboundRefused), calling("http://127.0.0.1:1") as client:
        client.get(elsewhere.url)
    assert elsewhere.asked == []
    with calling(elsewhere.url) as client:
        assert client.get(elsewhere.url).text == "hello from 127.0.0.1"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "https://a@127.0.0.1/"]
)
def test_other_schemes_and_names_in_urls_are_refused(calling, url):
    with pytest.raises(OutboundRefused), calling("127.0.0.1") as client:
        client.get(url)


@pytest.mark.parametrize("place", [
    "http://127.0.0.1:1/", "https://localhost/", "http://169.254.169.254/latest/meta-data/", "https://[::1]/",
    "//127.0.0.1:1/", "file:///etc/passwd", "https://2130706433/",
])  # fmt: skip
def test_a_redirect_is_judged_like_a_first_call(elsewhere, calling, place):
    url = elsewhere.on("/away", lambda h: h.answer(status=302, Location=place))
    with pytest.raises(OutboundRefused), calling(elsewhere.url, redirects=5) as client:
        client.get(url)
    with calling(elsewhere.url) as client:  # nobody follows unless it was asked for
        assert client.get(url).status_code == 302


def test_redirects_are_counted(elsewhere, calling):
    url = elsewhere.on("/loop", lambda h: h.answer(status=302, Location="/loop"))
    with (
        pytest.raises(OutboundFailed, match="more than 3 times"),
        calling(elsewhere.url, redirects=3) as client,
    ):
        client.get(url)
    assert elsewhere.asked == ["/loop"] * 4


def drip(server, step):
    """Answers begin and never end, a byte each `step` seconds."""

    def behaviour(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not server.release.wait(step):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return behaviour


def test_who_drips_holds_nobody(elsewhere, calling):
    url = elsewhere.on("/drip", drip(elsewhere, 0.05))
    with (
        pytest.raises(OutboundFailed, match=r"within 0\.3 seconds"),
        calling(elsewhere.url, seconds=0.3) as client,
    ):
        client.get(url)


def test_who_says_nothing_holds_nobody(elsewhere, calling):
    url = elsewhere.on("/silent", lambda h: elsewhere.release.wait())
    with (
        pytest.raises(OutboundFailed, match=r"within 0\.2 seconds"),
        calling(elsewhere.url, seconds=0.2) as client,
    ):
        client.get(url)


def test_a_resolver_that_says_nothing_holds_nobody(calling, monkeypatch, elsewhere):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: elsewhere.release.wait() and [])
    with (
        pytest.raises(OutboundFailed, match=r"within 0\.2 seconds"),
        calling(seconds=0.2) as client,
    ):
        client.get("https://slow.example/")


def test_who_accepts_and_speaks_no_tls_holds_nobody(calling):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with (
            pytest.raises(OutboundFailed, match=r"within 0\.2 seconds"),
            calling("127.0.0.1", seconds=0.2) as client,
        ):
            client.get(f"https://127.0.0.1:{port}/")


def test_the_calls_of_a_client_share_its_bytes(elsewhere, calling):
    url = elsewhere.on("/large", lambda h: h.answer(b"x" * 6000))
    with calling(elsewhere.url, most=8000) as client:
        assert len(client.get(url).content) == 6000
        with pytest.raises(OutboundFailed, match="more than 8000 bytes"):
            client.get(url)


def test_endless_headers_are_refused(elsewhere, calling):
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not elsewhere.release.is_set():
            handler.wfile.write(b"X: " + b"y" * 1000 + b"\r\n")

    url = elsewhere.on("/headers", endless)
    with pytest.raises(OutboundFailed), calling(elsewhere.url, most=1 << 20) as client:
        client.get(url)


def test_what_was_compressed_unasked_is_not_unpacked(elsewhere, calling):
    bomb = gzip.compress(b"\0" * 1_000_000)
    url = elsewhere.on("/bomb", lambda h: h.answer(bomb, Content_Encoding="gzip"))
    with pytest.raises(OutboundFailed, match="compresses"), calling(elsewhere.url) as client:
        client.get(url)


def test_what_is_no_http_and_who_is_away_are_told(elsewhere, calling):
    url = elsewhere.on("/odd", lambda h: h.wfile.write(b"220 smtp.example ESMTP\r\n"))
    with pytest.raises(OutboundFailed, match="no HTTP"), calling(elsewhere.url) as client:
        client.get(url)
    gone = elsewhere.url
    elsewhere.stop()
    with pytest.raises(OutboundFailed, match="cannot be reached"), calling(gone) as client:
        client.get(gone)
    with pytest.raises(OutboundFailed, match="not known"), calling() as client:
        client.get("https://nobody.invalid/")


def test_a_status_is_told_where_it_is_asked_for(elsewhere, calling):
    url = elsewhere.on("/no", lambda h: h.answer(status=403))
    with pytest.raises(OutboundFailed, match="answered 403"), calling(elsewhere.url) as client:
        client.get(url).raise_for_status()


def test_a_certificate_is_checked_against_the_name_and_the_authorities(
    servers, calling, certificate, monkeypatch
):
    path, context = certificate
    server = servers("127.0.0.1", context=context)
    entry = f"localhost:{server.port}"
    room._ssl_context.cache_clear()
    with pytest.raises(OutboundFailed, match="not trusted"), calling(entry) as client:
        client.get(f"https://{entry}/")
    room._ssl_context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with calling(entry, "127.0.0.1") as client:
        assert client.get(f"https://{entry}/").text == "hello from 127.0.0.1"
        with pytest.raises(OutboundFailed, match="not trusted"):
            client.get(f"{server.url}/")  # the certificate is for the name
    room._ssl_context.cache_clear()


def test_the_environment_names_no_proxy(elsewhere, calling, monkeypatch, servers):
    proxy = servers()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    with calling(elsewhere.url) as client:
        client.get(elsewhere.url)
    assert proxy.asked == []
    assert elsewhere.asked
