"""The page for people, and what else every composed system shows without a login."""

import re

import pytest

from talatat.testing import composed


@pytest.fixture
def system(rated_shelf):
    """Two addons of which one requires the other."""
    rated_shelf.write(
        "desk",
        {
            "__init__.py": """
                from pyramid.response import Response
                def includeme(config):
                    config.add_route("desk", "/api/desk/v1/drawers")
                    config.add_route("drawer", "/api/desk/v1/drawers/{id}")
                    config.add_view(lambda r: Response("{}"), route_name="desk", permission="public")
                    config.add_view(lambda r: Response("{}"), route_name="drawer", permission="public")
                    config.add_permission("desk.read", "See the keys")
                    config.add_route("keys", "/api/desk/v1/keys")
                    config.add_view(lambda r: Response("{}"), route_name="keys", permission="desk.read")
                    config.add_route("post", "/api/desk/v1/post")
                    config.add_view(lambda r: Response("{}"), route_name="post", permission="public",
                                    request_method="POST")
                    config.add_route("ledger", "/api/desk/v1/ledger")
                    config.add_view(lambda r: Response("{}"), route_name="ledger",
                                    permission="desk.read", request_method="GET")
                    config.add_view(lambda r: Response(status=405), route_name="ledger",
                                    permission="public")
                    config.add_route("about", "/desk/about")
                    config.add_view(lambda r: Response("oak"), route_name="about", permission="public")
                    config.add_route("inside", "/desk/inside")
                    config.add_view(lambda r: Response("ink"), route_name="inside",
                                    permission="desk.read")
                """
        },
    )
    with composed(["rating", "desk"], {"talatat.development": "true"}) as made:
        yield made


def test_the_page_names_every_composed_addon_with_its_version_and_what_it_stands_on(system):
    page = system.app.get("/", status=200)
    assert page.content_type == "text/html"
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    assert "composed of 3 addons" in text
    assert "shelf 1.0 · implied" in text
    assert "Stands on shelf" in text
    assert "test.ini" in text
    assert "var/admin.json" in text


def test_the_page_links_what_anybody_may_get_and_names_the_other_collections(system):
    page = system.app.get("/").text
    links = re.findall(r'href="([^"]+)"', page)
    assert "/api/desk/v1/drawers" in links
    assert "/desk/about" in links
    assert "/desk/inside" not in page
    for path in ("/api/desk/v1/keys", "/api/desk/v1/post", "/api/desk/v1/ledger"):
        assert path in page
        assert path not in links
    assert not [link for link in links if "{" in link]


def test_every_link_of_the_page_answers_without_a_login(system):
    links = set(re.findall(r'href="([^"#]+)"', system.app.get("/").text))
    assert {"/docs", "/api", "/api/openapi.json", "/readyz"} <= links
    for link in links:
        system.app.get(link, status=200)


def test_the_page_keeps_to_its_content_security_policy(system):
    page = system.app.get("/")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<style|style=|onclick|https?://", page.text)


def test_a_prefix_of_the_server_is_part_of_every_link(system):
    page = system.app.get("/", extra_environ={"SCRIPT_NAME": "/shop"})
    links = [link for link in re.findall(r'href="([^"]+)"', page.text) if not link.startswith("#")]
    assert links
    assert all(link.startswith("/shop/") for link in links)


def test_an_empty_composition_says_how_to_begin():
    with composed([]) as system:
        page = system.app.get("/")
        assert "None yet" in page.text
        assert "var/admin.json" not in page.text


def test_an_addon_that_was_left_out_is_named(addons):
    addons.write("bad", {"__init__.py": "def includeme(config): raise LookupError('no plank')"})
    with composed(["bad"], {"talatat.on_addon_error": "quarantine"}) as system:
        assert "Left out because they could not be composed: bad" in system.app.get("/").text
        assert system.app.get("/readyz", status=200).json["quarantined"] == ["bad"]
