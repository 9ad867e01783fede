"""Values in headers, through a real server: none ends its line, whoever put it there."""

import logging
import socket
import threading

import pytest
from waitress import create_server

CARELESS = {
    "__init__.py": """
        from pyramid.httpexceptions import HTTPFound
        from pyramid.response import Response

        def named(request):
            response = Response("hello", content_type="text/plain")
            name = request.GET["name"]
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            response.headers["X-Name"] = name
            response.headers["Link"] = f"<{name}>; rel=next"
            response.headers["WWW-Authenticate"] = f'Basic realm="{name}"'
            return response

        def away(request):
            response = Response(status=302)
            response.headers["Location"] = request.GET["name"]
            return response

        def found(request):
            return HTTPFound(request.GET["name"])

        def includeme(config):
            for view in (named, away, found):
                config.add_route(f"careless.{view.__name__}", f"/{view.__name__}")
                config.add_view(view, route_name=f"careless.{view.__name__}", permission="public")
        """
}
SPLITS = ["%0d%0aX-Injected:%20yes", "%0aX-Injected:%20yes", "%0dX-Injected:%20yes",
          "%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0aX-Injected:%20yes%0d%0a%0d%0a", "a%00b%0aX-Injected:yes",
          "%E5%98%8A%E5%98%8DX-Injected:%20yes"]  # fmt: skip


@pytest.fixture(scope="module")
def ask():
    """Asks the server that a test started for bytes: `ask(port, b"GET /")`."""

    def asker(port, raw):
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(raw)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received

    return asker


@pytest.fixture
def serving():
    """Serves an application by waitress; gives its port."""
    servers = []

    def serve(application):
        server = create_server(application, host="127.0.0.1", port=0, threads=2)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        return server.effective_port

    yield serve
    for server, thread in servers:
        server.task_dispatcher.shutdown()
        server.close()
        thread.join(5)


def assert_whole(answer):
    """One answer, with no header that a value became, no bare line end in its head, and nothing behind it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.lower().split(b"\r\n")
    assert first.startswith(b"http/1.")
    assert not any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines)
    headers = dict(line.split(b": ", 1) for line in lines if b": " in line)
    assert b"x-injected" not in headers
    assert len(body) == int(headers[b"content-length"])


def test_a_careless_view_splits_no_answer(addons, sqlite_url, serving, ask, caplog):
    addons.write("careless", CARELESS)
    with addons.composed("careless", url=sqlite_url) as system, caplog.at_level(logging.ERROR):
        port = serving(system.app.app)
        for split in SPLITS:
            caplog.clear()
            for path in ("named", "away", "found"):
                raw = f"GET /{path}?name=x{split} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                answer = ask(port, raw.encode())
                assert_whole(answer)
                assert int(answer.split()[1]) < 500
            assert "puts what is no text of a header into X-Name" in caplog.text
            assert "careless/__init__.py:" in caplog.text


def test_a_careless_redirect_leads_nowhere_and_is_told_with_its_line(addons, sqlite_url, caplog):
    addons.write("careless", CARELESS)
    with addons.composed("careless", url=sqlite_url) as system:
        for target in (
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
        ):
            answer = system.app.get("/away", {"name": target}, status=400)
            assert "Location" not in answer.headers
        assert system.app.get("/away", {"name": "/named?name=x"}, status=302).location.endswith(
            "=x"
        )
    assert "redirects to another site" in caplog.text
    assert "__init__.py:" in caplog.text


PLACES = [
    b"GET /accounts/login?next=/x{} HTTP/1.1", b"GET /{} HTTP/1.1", b"GET /docs{} HTTP/1.1",
    b"GET /docs/problems/{} HTTP/1.1", b"GET /api/{} HTTP/1.1", b"GET /api/accounts/v1/users?cursor={} HTTP/1.1",
    b"GET /api/accounts/v1/users?sort={} HTTP/1.1", b"GET /api/accounts/v1/users?{}=1 HTTP/1.1",
    b"GET /api/catalog/v1/products?limit=1&fields={} HTTP/1.1", b"GET /api/catalog/v1/products?name={}&limit=1 HTTP/1.1",
    b"GET /api/catalog/v1/products/{} HTTP/1.1", b"POST /api/accounts/v1/sessions{} HTTP/1.1",
    b"DELETE /api/accounts/v1/tokens/{} HTTP/1.1", b"GET /accounts/assets/{} HTTP/1.1", b"GET /accounts/assets{} HTTP/1.1",
]  # fmt: skip


def test_no_path_and_no_parameter_of_a_shop_splits_an_answer(sqlite_url, serving, ask, tmp_path):
    from talatat.testing import composed

    settings = {"accounts.secret": "file:%(here)s/secret"}
    with composed(["accounts", "catalog"], settings, sqlite_url) as system:
        port = serving(system.app.app)
        for place in PLACES:
            for split in SPLITS:
                line = place.replace(b"{}", split.encode())
                answer = ask(port, line + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert_whole(answer)
                assert int(answer.split()[1]) < 500, line


HEADERS = [b"Request-Id", b"Origin", b"X-Forwarded-Host", b"Idempotency-Key", b"If-None-Match", b"traceparent",
           b"Accept", b"Authorization", b"Cookie", b"X-CSRF-Token", b"Referer"]  # fmt: skip


def test_no_header_that_comes_back_splits_an_answer(sqlite_url, serving, ask):
    from talatat.testing import composed

    settings = {"accounts.secret": "file:%(here)s/secret"}
    with composed(["accounts"], settings, sqlite_url) as system:
        port = serving(system.app.app)
        for name in HEADERS:
            for value in (
                b"x\r X-Injected: yes",
                b"x\x0bX-Injected: yes",
                b"x%0d%0aX-Injected: yes",
                b"x\r\n X-Injected: yes",
            ):
                raw = b"GET /api/accounts/v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                answer = ask(port, raw + name + b": " + value + b"\r\n\r\n")
                assert_whole(answer)
                assert int(answer.split()[1]) < 500, (name, value)
