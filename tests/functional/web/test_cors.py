"""Which pages of other origins may call the API: none, unless the operator lists them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest

from talatat.errors import CompositionError
from talatat.testing import composed

LISTED = "https://shop.example http://localhost:8080"
SHOP, STRANGER = "https://shop.example", "https://stranger.example"
THINGS = "/api/desk/v1/things"
DESK = """
from cornice import Service
from pyramid.response import Response

own = Service("own", "/api/desk/v1/own", cors_origins=("https://partner.example",))
plain = Service("plain", "/api/desk/v1/plain")

@own.get(permission="public")
@plain.get(permission="public")
@plain.put(permission="desk.use")
def look(request):
    return {}

def anything(request):
    return Response(b"{}", content_type="application/json")

def includeme(config):
    config.add_permission("desk.use", "Use the desk")
    config.add_cornice_service(own)
    config.add_cornice_service(plain)
    config.add_route("things", "/api/desk/v1/things")
    config.add_view(anything, route_name="things", permission="public", request_method="GET")
    config.add_view(anything, route_name="things", permission="desk.use", request_method="DELETE")
    config.add_route("any", "/api/desk/v1/any")
    config.add_view(anything, route_name="any", permission="desk.use")
    config.add_route("page", "/desk")
    config.add_view(anything, route_name="page", permission="public")
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """{origins: system}, composed once: composing takes longer than most tests."""
    with ExitStack() as stack:
        yield tmp_path_factory, stack, {}


@pytest.fixture
def desk(kept, addons, monkeypatch):
    """desk(origins) is the desk where these may call."""
    folders, stack, systems = kept

    @contextmanager
    def compose(origins):
        if origins not in systems:
            made = type(addons)(folders.mktemp("desk"))
            made.write("desk", {"__init__.py": DESK})
            monkeypatch.syspath_prepend(made.folder)
            settings = {"talatat.cors_origins": origins} if origins else {}
            systems[origins] = stack.enter_context(composed(["desk"], settings))
        yield systems[origins]

    return compose


def told(response):
    return {n: v for n, v in response.headers.items() if n.startswith("Access-Control-")}


def preflight(system, path, method, origin=SHOP, status=204):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return system.app.options(path, headers=headers, status=status)


def test_a_listed_origin_may_call_with_credentials_and_read_the_headers_of_the_conventions(desk):
    with desk(LISTED) as system:
        for path, status in ((THINGS, 200), ("/api/nowhere", 404), ("/api/desk/v1/any", 401)):
            response = system.app.get(path, headers={"Origin": SHOP}, status=status)
            assert response.headers["Access-Control-Allow-Origin"] == SHOP
            assert response.headers["Access-Control-Allow-Credentials"] == "true"
            assert "Origin" in response.vary
            exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
            assert {"ETag", "Link", "Location", "Request-Id", "Retry-After", "Deprecation"} <= {
                *exposed
            }
        tag = system.app.get("/api").headers["ETag"]
        kept = system.app.get("/api", headers={"Origin": SHOP, "If-None-Match": tag}, status=304)
        assert kept.headers["Access-Control-Allow-Origin"] == SHOP


def test_another_origin_is_told_nothing_but_that_origins_differ(desk):
    with desk(LISTED) as system:
        for headers in ({"Origin": STRANGER}, {"Origin": "null"}, {}):
            response = system.app.get(THINGS, headers=headers)
            assert told(response) == {}
            assert "Origin" in response.vary
        assert "Access-Control-Allow-Origin" not in told(
            preflight(system, THINGS, "GET", origin=STRANGER)
        )
        page = system.app.get("/desk", headers={"Origin": SHOP})
        assert told(page) == {}


def test_a_preflight_is_answered_for_every_route_with_the_methods_of_its_path(desk):
    with desk(LISTED) as system:
        for path, methods in {
            THINGS: "DELETE, GET, HEAD, OPTIONS",
            "/api/desk/v1/plain": "GET, HEAD, OPTIONS, PUT",
            "/api/desk/v1/any": "PATCH",
            "/api": "GET, HEAD, OPTIONS",
        }.items():
            response = preflight(system, path, "PATCH")
            assert response.body == b""
            assert response.headers["Access-Control-Allow-Methods"] == methods
            assert response.headers["Access-Control-Allow-Origin"] == SHOP
            allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
            assert {"Authorization", "Content-Type", "If-Match", "Idempotency-Key"} <= {*allowed}
            assert "Access-Control-Expose-Headers" not in response.headers
        preflight(system, "/api/nowhere", "GET", status=404)


def test_anybody_never_means_credentials(desk):
    with desk("*") as system:
        for response in (
            system.app.get(THINGS, headers={"Origin": STRANGER, "Cookie": "session=1"}),
            system.app.get(THINGS),
            preflight(system, THINGS, "DELETE", origin=STRANGER),
        ):
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in response.headers


def test_closed_says_nothing_and_options_are_answered_all_the_same(desk):
    with desk("") as system:
        assert told(system.app.get(THINGS, headers={"Origin": SHOP})) == {}
        response = preflight(system, THINGS, "GET")
        assert told(response) == {}
        assert response.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS"


@pytest.mark.parametrize("origins", ["", LISTED, "*"])
def test_a_service_with_origins_of_its_own_decides_for_itself(desk, origins):
    with desk(origins) as system:
        partner = {"Origin": "https://partner.example"}
        response = system.app.get("/api/desk/v1/own", headers=partner)
        assert response.headers.getall("Access-Control-Allow-Origin") == [partner["Origin"]]
        asked = preflight(system, "/api/desk/v1/own", "GET", partner["Origin"], status=200)
        assert asked.headers.getall("Access-Control-Allow-Origin") == [partner["Origin"]]
        stranger = system.app.get("/api/desk/v1/own", headers={"Origin": SHOP}, expect_errors=True)
        assert "Access-Control-Allow-Origin" not in stranger.headers


@pytest.mark.parametrize(
    ("origins", "words"),
    [
        ("https://shop.example/", "is no origin"),
        ("shop.example", "is no origin"),
        ("https://*.example", "is no origin"),
        ("https://Shop.example", "is no origin"),
        ("* https://shop.example", "list nothing beside it"),
    ],
)
def test_what_no_browser_sends_as_an_origin_is_refused_at_the_start(origins, words):
    with (
        pytest.raises(CompositionError, match=words),
        composed([], {"talatat.cors_origins": origins}),
    ):
        pass


@pytest.mark.parametrize(("origin", "code"), [(SHOP, "csrf_failed"), (STRANGER, "origin_refused")])
def test_a_listed_origin_may_use_a_cookie_but_has_to_prove_it_by_the_token(
    desk, origin, code, request
):
    from talatat.security import Identity

    class Cookie:
        def identify(self, request):
            return Identity(
                id="ann",
                name="ann",
                source="t",
                permissions={"desk.use"},
                cookie=True,
                csrf_token="t",
            )

    with desk(LISTED) as system:
        system.system.security.sources["t"] = Cookie()
        request.addfinalizer(lambda: system.system.security.sources.pop("t"))
        headers = {"Origin": origin, "Cookie": "session=1"}
        assert system.app.delete(THINGS, headers=headers, status=403).json["code"] == code
        if origin == SHOP:
            system.app.delete(THINGS, headers={**headers, "X-CSRF-Token": "t"}, status=200)
