"""What HTTP asks of every path holds for all routes of a real composition, whoever declared them."""

from __future__ import annotations

import re

import pytest
from pyramid.interfaces import IRoutesMapper

from talatat.testing.identities import HEADER

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")
ANYBODY_MAY = {HEADER: "ann *"}
NAMES = {"version": "1", "addon": "catalog", "code": "conflict"}
BODY = {"Content-Type": "text/plain"}


def path_of(route):
    """A path that the route takes."""
    path = re.sub(r"\{_verb:(:[\w-]+)\}", r"\1", "/" + route.pattern.lstrip("/"))
    placeholder = r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}"
    path = re.sub(placeholder, lambda match: NAMES.get(match[1], SOME_ID), path)
    return path.replace("*subpath", "docs.css")


@pytest.fixture(scope="module")
def asked(shop):
    """(path, ask): ask(method) sends one request of somebody who may do everything."""

    def asker(path):
        def ask(method, **headers):
            response = shop.app.request(
                path, method=method, headers={**ANYBODY_MAY, **headers}, expect_errors=True
            )
            assert response.status_int < 500, (method, path)
            assert response.headers["Request-Id"], (method, path)
            assert response.headers["traceparent"], (method, path)
            return response

        return ask

    mapper = shop.registry.getUtility(IRoutesMapper)
    paths = sorted({path_of(route) for route in mapper.get_routes()})
    assert len(paths) > 45
    return [(path, asker(path)) for path in paths]


def test_options_tell_the_methods_and_any_other_is_405_with_them(asked):
    for path, ask in asked:
        answer = ask("OPTIONS")
        assert (answer.status_int, answer.body) == (204, b""), path
        allowed = set(answer.headers["Allow"].split(", "))
        assert {"OPTIONS"} < allowed, path
        assert ("GET" in allowed) == ("HEAD" in allowed), path
        for method in METHODS:
            if method in allowed:
                continue
            refused = ask(method)
            assert refused.status_int == 405, (method, path)
            assert set(refused.headers["Allow"].split(", ")) | {"OPTIONS"} == allowed, path


def test_head_answers_as_get_does_without_a_body(asked):
    for path, ask in asked:
        if "GET" not in ask("OPTIONS").headers["Allow"]:
            continue
        got, head = ask("GET"), ask("HEAD")
        assert (head.status_int, head.body) == (got.status_int, b""), path
        assert head.headers.get("ETag") == got.headers.get("ETag"), path
        assert head.headers.get("Content-Type") == got.headers.get("Content-Type"), path


def test_below_api_what_cannot_be_accepted_is_406(asked):
    for path, ask in asked:
        if path.startswith("/api") and "GET" in ask("OPTIONS").headers["Allow"]:
            refused = ask("GET", Accept="image/png")
            known = {406} if ask("GET").status_int in (200, 404) else {403, 406}
            assert refused.status_int in known, path


def test_below_api_a_body_in_another_content_type_is_415(shop, asked):
    paths = shop.app.get("/api/openapi.json").json["paths"]
    taking = {
        (re.sub(r"\{\w+\}", SOME_ID, path), method.upper())
        for path, item in paths.items()
        for method, operation in item.items()
        if "requestBody" in operation
    }
    assert len(taking) > 25
    for path, method in taking:
        for headers in (BODY, {"Content-Type": ""}):
            answer = shop.app.request(
                path, method=method, body=b"{}", headers={**ANYBODY_MAY, **headers},
                expect_errors=True,
            )  # fmt: skip
            if (
                answer.status_int == 403
            ):  # what takes a session, or a recent login, asks for it first
                assert answer.json["code"] in ("reauthentication_needed", "forbidden"), path
                continue
            assert answer.status_int in (415, 404), (method, path)
            assert answer.status_int == 415 or f"{SOME_ID}:" in path, (method, path)
