"""Hosts that are answered for, and those that are refused before anything looks at the request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob import Request

from talatat.errors import CompositionError
from talatat.problems import Problem
from talatat.testing import composed
from talatat.web.hosts import Hosts

LISTED = "shop.example *.branch.example 192.0.2.7 [2001:DB8::7] admin.example:8443"


@pytest.fixture(scope="module")
def shop():
    with composed(settings={"talatat.hosts": LISTED}) as system:
        yield system


@pytest.fixture(scope="module")
def here():
    with composed(settings={"talatat.development": "true"}) as system:
        yield system


def asked(system, host, path="/api"):
    request = Request.blank(path, environ={"HTTP_HOST": host} if host is not None else {})
    if host is None:
        del request.environ["HTTP_HOST"]
    return request.get_response(system.app.app)


@pytest.mark.parametrize(
    ("host", "link"),
    [
        ("shop.example", "shop.example"),
        ("SHOP.Example:8080", "shop.example:8080"),
        ("shop.example.", "shop.example"),
        ("shop.example.:443", "shop.example:443"),
        ("north.branch.example", "north.branch.example"),
        ("a.b.branch.example:1", "a.b.branch.example:1"),
        ("192.0.2.7:6543", "192.0.2.7:6543"),
        ("[2001:db8:0::7]", "[2001:db8::7]"),
        ("[2001:db8::7]:6543", "[2001:db8::7]:6543"),
        ("admin.example:8443", "admin.example:8443"),
    ],
)
def test_a_listed_host_is_answered_and_links_name_it_in_one_spelling(shop, host, link):
    answer = asked(shop, host, "/api/openapi.json")
    assert answer.status_int == 200
    (server,) = answer.json["servers"]
    assert server["url"] in (f"http://{link}", "/")
    problem = asked(shop, host, "/api/nowhere")
    assert problem.json["type"] == f"http://{link}/docs/problems/not_found"


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example", "shop.example.elsewhere.example", "xshop.example", "branch.example",
        "xbranch.example", "admin.example", "admin.example:443", "192.0.2.8", "localhost",
        "127.0.0.1", "[::1]", "*", "shop.example,elsewhere.example",
    ],
)  # fmt: skip
def test_another_host_is_refused_and_appears_in_no_link(shop, host):
    answer = asked(shop, host)
    assert answer.status_int == (400 if host in ("*", "shop.example,elsewhere.example") else 421)
    assert answer.json["code"] in ("misdirected_request", "bad_request")
    assert answer.json["type"].startswith("http://shop.example/docs/problems/")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Request-Id"]


@pytest.mark.parametrize(
    "host",
    [
        "", None, "shop.example:0", "shop.example:65536", "shop.example:80:80", "shop.example:x",
        "shop.example/", "user@shop.example", "shop..example:", ".shop.example", "-shop", "[::1",
        "[::g]", "[1]", "shop.example\t", "a" * 300, "shop.example..",
    ],
)  # fmt: skip
def test_what_is_no_host_is_a_400_or_a_421(shop, host):
    answer = asked(shop, host)
    assert answer.status_int in (400, 421)
    assert answer.json["type"].startswith("http://shop.example/docs/problems/")


def test_a_page_for_people_is_refused_too(shop):
    request = Request.blank("/docs", environ={"HTTP_HOST": "elsewhere.example"}, accept="text/html")
    answer = request.get_response(shop.app.app)
    assert answer.status_int == 421
    assert answer.content_type == "text/html"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_the_probes_are_answered_by_whatever_name_they_are_asked(shop, path):
    for host in ("10.0.0.5:6543", "elsewhere.example", "*"):
        assert asked(shop, host, path).status_int == 200


@pytest.mark.parametrize(
    "host", ["localhost:6543", "127.0.0.1", "[::1]:80", "shop.localhost", "10.0.0.5"]
)
def test_in_development_this_machine_is_answered_for(here, host):
    assert asked(here, host).status_int == 200


def test_in_development_a_name_of_somebody_elses_is_refused(here):
    assert asked(here, "rebound.example").status_int == 421


def test_elsewhere_an_empty_list_answers_everybody():
    with composed() as system:
        assert asked(system, "whatever.example").status_int == 200


@pytest.mark.parametrize(
    "listed",
    [
        "http://shop.example",
        "shop.example/",
        "shop.example:0",
        "[::g]",
        "a*.example",
        "shop_.",
        "*.*.x",
    ],
)
def test_what_no_request_can_name_is_refused_at_the_start(listed):
    with (
        pytest.raises(CompositionError, match=r"talatat\.hosts: .* Correct the line"),
        composed(settings={"talatat.hosts": listed}),
    ):
        pass


NAMES = st.from_regex(r"[a-z0-9.:\[\]*@/ -]{0,20}", fullmatch=True)


@given(NAMES)
def test_whatever_is_said_only_a_listed_host_comes_out(said):
    hosts = Hosts(["shop.example", "*.branch.example", "[2001:db8::7]"])
    try:
        found = hosts.answered(said)
    except Problem as refused:
        assert refused.code in (400, 421)
        return
    name = found.rpartition(":")[0] if found[-1:].isdigit() and ":" in found else found
    assert name in ("shop.example", "[2001:db8::7]") or name.endswith(".branch.example")


def test_what_is_remembered_does_not_grow_with_what_clients_make_up():
    hosts = Hosts(["*.branch.example"])
    for number in range(2000):
        assert hosts.answered(f"{number}.branch.example") == f"{number}.branch.example"
    assert len(hosts._known) <= 256
