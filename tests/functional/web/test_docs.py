"""The page of the API: an OpenAPI user interface of our own assets, under the policy of all pages."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from webob import Request
from webtest.http import StopableWSGIServer

import talatat.web
from talatat.openapi import operations

from .browser import DARK, look

ASSETS = Path(talatat.web.__file__).parent / "assets" / "swagger-ui"


@pytest.fixture(scope="module")
def served(shop):
    """The address under which a browser reaches the shop."""
    server = StopableWSGIServer.create(shop.config.make_wsgi_app(), host="localhost")
    yield server.application_url.rstrip("/")
    server.shutdown()


def test_a_browser_lists_every_operation_and_complains_of_nothing(shop, served):
    shown = look(f"{served}/docs")
    assert shown.console == []
    listed = set(re.findall(r'id="operations-[a-z]+-([^"]+)"', shown.html.replace("\\", "")))
    document = shop.app.get("/api/openapi.json").json
    assert {one["operationId"] for one in operations(document["paths"])} <= listed
    choices = ["everything", "accounts v1", "catalog v1", "loyalty v1", "orders v1"]
    assert [one for one in choices if f">{one}</option>" not in shown.html] == []
    assert "dark-mode-toggle" in shown.html
    assert 'class="switched"' in shown.html


def test_an_operation_of_its_own_address_stands_open_in_the_dark_as_well(served):
    shown = look(f"{served}/docs#/catalog/catalog.products.create", DARK)
    assert shown.console == []
    assert 'class="switched dark-mode"' in shown.html
    assert "Try it out" in shown.html
    assert "Request body" in shown.html


def test_the_page_keeps_to_the_policy_of_all_pages_and_has_no_script_of_its_own(shop):
    page = shop.app.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert policy == shop.app.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert all(script["src"] and not script.text for script in page.html.find_all("script"))
    assert "style=" not in page.text
    loaded = [one["src"] for one in page.html.find_all("script")]
    loaded += [one["href"] for one in page.html.find_all("link")]
    for url in loaded:
        assert url.startswith("/")
        shop.app.get(url, status=200)


def test_without_scripts_there_are_links_to_every_document_and_to_the_problems(shop):
    page = shop.app.get("/docs").html
    links = [link["href"] for link in page.find("noscript").find_all("a")]
    assert links[0] == "/api/openapi.json"
    assert "/api/orders/v1/openapi.json" in links
    for link in page.find_all("a"):
        shop.app.get(link["href"], status=200)


def test_a_prefix_of_the_server_is_part_of_every_link(shop):
    page = shop.app.get("/docs", extra_environ={"SCRIPT_NAME": "/shop"}).html
    urls = [one["url"] for one in json.loads(page.find(id="swagger-ui")["data-urls"])]
    urls += [link["href"] for link in page.find_all(["a", "link"])]
    assert all(url.startswith("/shop/") for url in urls)


def test_the_vendored_files_are_those_of_the_package_with_its_licence():
    manifest = json.loads((ASSETS / "vendored.json").read_text())
    assert manifest["license"] == "Apache-2.0"
    assert {"LICENSE", "NOTICE"} <= set(manifest["files"])
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name
    assert {path.name for path in ASSETS.iterdir()} == {"vendored.json", *manifest["files"]}


def test_the_script_is_sent_compressed_and_asked_for_again_by_its_date(shop):
    url = "/docs/assets/swagger-ui/swagger-ui-bundle.js"
    asked = Request.blank(url, headers={"Accept-Encoding": "gzip"})  # WebTest would decode it
    answer = asked.get_response(shop.app.app)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 700_000
    again = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert shop.app.get(url, headers=again, status=304).headers["Request-Id"]
