"""The secure headers stand on every answer of every route: good ones, errors, files, refusals."""

import re

import pytest
from webob import Request

from talatat.testing import composed

ADDONS = ("accounts", "catalog", "orders", "loyalty")
WANTED = {
    "Content-Security-Policy": re.compile(r".*frame-ancestors 'none'.*"),
    "X-Content-Type-Options": re.compile("nosniff"),
    "X-Frame-Options": re.compile("DENY"),
    "Referrer-Policy": re.compile("same-origin"),
    "Permissions-Policy": re.compile(r"camera=\(\), .*microphone=\(\).*"),
    "Cross-Origin-Opener-Policy": re.compile("same-origin"),
    "Cross-Origin-Resource-Policy": re.compile("same-origin"),
    "Strict-Transport-Security": re.compile("max-age=31536000; includeSubDomains"),
}
SAMPLES = {"id": "01890000-0000-7000-8000-000000000001", "code": "not_found", "addon": "catalog"}


@pytest.fixture(scope="module")
def shop():
    settings = {
        "talatat.hosts": "shop.example",
        "accounts.secret": "file:%(here)s/secret",
        "accounts.argon2_time_cost": "1",
        "accounts.argon2_memory_cost": "8",
        "accounts.argon2_parallelism": "1",
    }
    with composed(ADDONS, settings) as system:
        yield system


def paths(system):
    """A path of each route, placeholders filled."""
    found = {}
    for entry in system.registry.introspector.get_category("routes"):
        route = entry["introspectable"]
        pattern = "/" + route["pattern"].lstrip("/")
        pattern = re.sub(r"\{(\w+):(:[\w-]+)\}", r"\2", pattern)  # a verb: {verb::search}
        filled = re.sub(r"\{(\w+)[^}]*\}", lambda m: SAMPLES.get(m[1], "x"), pattern)
        found[route["name"]] = re.sub(r"\*\w+$", "x", filled)
    return found


def assert_secure(response, what):
    for name, wanted in WANTED.items():
        values = response.headers.getall(name)
        assert len(values) == 1, (what, name, values)
        assert wanted.fullmatch(values[0]), (what, name, values)


def test_every_route_carries_them_whatever_it_answers(shop):
    answered = set()
    routes = paths(shop)
    assert len(routes) > 50
    for path in {*routes.values(), "/docs/assets/docs.css", "/nowhere", "/api/nowhere"}:
        for method in ("GET", "POST", "OPTIONS"):
            request = Request.blank(path, method=method, base_url="https://shop.example")
            response = request.get_response(shop.app.app)
            assert_secure(response, (method, path))
            _ = response.body  # read to its end, a file is closed
            answered.add(response.status_int)
    assert {200, 401, 404, 405} <= answered


@pytest.mark.parametrize("host", ["elsewhere.example", "*"])
def test_refusals_by_host_carry_them(shop, host):
    environ = {"HTTP_HOST": host, "wsgi.url_scheme": "https"}
    assert_secure(shop.app.get("/api", extra_environ=environ, expect_errors=True), host)


def test_what_fails_inside_carries_them(shop, monkeypatch):
    def broken(*_args, **_kw):
        raise RuntimeError("broken")

    monkeypatch.setattr(type(shop.system.database), "session", broken)
    environ = {"HTTP_HOST": "shop.example", "wsgi.url_scheme": "https"}
    answer = shop.app.get("/api/catalog/v1/products", extra_environ=environ, status=500)
    assert_secure(answer, "500")


def test_a_system_whose_database_is_elsewhere_carries_them():
    with composed(
        settings={"talatat.hsts": "max-age=31536000; includeSubDomains"}, migrate=False
    ) as system:
        answer = system.app.get("/api", extra_environ={"wsgi.url_scheme": "https"}, status=503)
        assert_secure(answer, "503")
